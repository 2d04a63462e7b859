import { concat } from "./git-object.ts";

/** The size varint at the head of a delta: seven bits a byte, least significant first. */
export function deltaSize(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
  return Uint8Array.from(out);
}

/** A copy instruction with only the operand bytes that are not zero; `size` 0x10000 is written as no size bytes at all. */
export function copy(offset: number, size: number): Uint8Array {
  const out = [0x80];
  for (let i = 0; i < 4; i++) {
    const byte = Math.floor(offset / 256 ** i) & 0xff;
    if (byte !== 0) {
      out[0] = (out[0] ?? 0) | (1 << i);
      out.push(byte);
    }
  }
  const written = size === 0x10000 ? 0 : size;
  for (let i = 0; i < 3; i++) {
    const byte = (written >>> (8 * i)) & 0xff;
    if (byte !== 0) {
      out[0] = (out[0] ?? 0) | (0x10 << i);
      out.push(byte);
    }
  }
  return Uint8Array.from(out);
}

/** Insert instructions for the data, as many as its length needs (127 bytes each at most). */
export function insert(data: string | Uint8Array): Uint8Array {
  const all = concat(data);
  const out: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += 127) {
    const part = all.subarray(at, at + 127);
    out.push(Uint8Array.of(part.length), part);
  }
  return concat(...out);
}

/** A delta as Git reads it: base size, result size, instructions. Nothing is checked. */
export function delta(baseSize: number, resultSize: number, ...instructions: readonly Uint8Array[]): Uint8Array {
  return concat(deltaSize(baseSize), deltaSize(resultSize), ...instructions);
}

/** A right delta from one text to another: their common head and tail are copied, the middle is inserted. */
export function deltaBetween(base: Uint8Array, result: Uint8Array): Uint8Array {
  const shorter = Math.min(base.length, result.length);
  let head = 0;
  while (head < shorter && base[head] === result[head]) head++;
  let tail = 0;
  while (tail < shorter - head && base[base.length - 1 - tail] === result[result.length - 1 - tail]) tail++;
  const parts: Uint8Array[] = [];
  copies(parts, 0, head);
  parts.push(insert(result.subarray(head, result.length - tail)));
  copies(parts, base.length - tail, tail);
  return delta(base.length, result.length, ...parts);
}

function copies(parts: Uint8Array[], from: number, length: number): void {
  for (let at = 0; at < length; at += 0xffffff) parts.push(copy(from + at, Math.min(0xffffff, length - at)));
}
