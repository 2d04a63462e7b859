/** Object ids: 20 bytes of SHA-1, or 40 lower-case hexadecimal digits where they are keys or shown. */

const digits = "0123456789abcdef";
const pairs: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => digits.charAt(byte >> 4) + digits.charAt(byte & 15),
);

export function toHex(bytes: Uint8Array, from: number = 0, to: number = bytes.length): string {
  let text = "";
  for (let i = from; i < to; i++) text += pairs[bytes[i]!];
  return text;
}

/** Throws RangeError on anything but pairs of hexadecimal digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) throw new RangeError(`not hexadecimal: ${text}`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function isOid(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Orders two oids as Git's idx does: bytewise. */
export function compareOids(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  for (let i = 0; i < 20; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
