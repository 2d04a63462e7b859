import { MirrorError } from "../errors.ts";

/** Bytes of a tar record; headers and padded contents are multiples of it. */
export const recordBytes = 512;

const nameBytes = 100;
const prefixBytes = 155;
const encoder = new TextEncoder();

/** What all headers have in common; the checksum field counts as spaces while it is computed. */
const template = makeTemplate();

function makeTemplate(): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(recordBytes);
  octal(header, 100, 7, 0o644);
  octal(header, 108, 7, 0);
  octal(header, 116, 7, 0);
  header.fill(0x20, 148, 156);
  header[156] = 0x30;
  header.set(encoder.encode("ustar\x0000"), 257);
  octal(header, 329, 7, 0);
  octal(header, 337, 7, 0);
  return header;
}

/**
 * The POSIX.1-1988 ustar header of one regular file: mode 0644, owner 0/0 without names. `size` in bytes,
 * `mtime` in seconds since the Unix epoch. Neither pax nor GNU extensions are ever written, because opam's own
 * reader knows none. Throws `bad-path` for a path that a ustar header cannot hold.
 */
export function ustarHeader(path: string, size: number, mtime: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(recordBytes);
  writeUstarHeader(header, path, size, mtime);
  return header;
}

/** The same into `header`, of 512 bytes: an archive of thousands of small files is half headers. */
export function writeUstarHeader(header: Uint8Array, path: string, size: number, mtime: number): void {
  header.set(template);
  const { read, written } = encoder.encodeInto(path, header.subarray(0, nameBytes));
  const fits = read === path.length && written > 0 && !path.includes("\0");
  const prefix = fits ? null : writeSplit(header, path);
  octal(header, 124, 11, size);
  octal(header, 136, 11, Math.min(Math.max(0, Math.floor(mtime)), 0o77777777777));
  if (prefix !== null) header.set(prefix, 345);
  let sum = 0;
  for (let i = 0; i < recordBytes; i++) sum += header[i]!;
  octal(header, 148, 6, sum);
  header[154] = 0;
}

/** Zero bytes that follow contents of `size` bytes. */
export function ustarPadding(size: number): number {
  return (recordBytes - (size % recordBytes)) % recordBytes;
}

/** What ends an archive: two records of zeros. */
export function ustarEnd(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(2 * recordBytes);
}

/** Splits at a slash so that the last part has at most 100 and the first at most 155 bytes. Writes the last, returns the first. */
function writeSplit(header: Uint8Array, path: string): Uint8Array {
  const bytes = encoder.encode(path);
  if (bytes.length === 0 || bytes.includes(0))
    throw new MirrorError("bad-path", { path, reason: "it cannot be written to a tar archive" });
  for (let i = Math.min(prefixBytes, bytes.length - 2); i > 0; i--) {
    if (bytes[i] !== 0x2f) continue;
    if (bytes.length - i - 1 > nameBytes) break;
    header.fill(0, 0, nameBytes);
    header.set(bytes.subarray(i + 1), 0);
    return bytes.subarray(0, i);
  }
  throw new MirrorError("bad-path", { path, reason: "it is too long for a tar archive" });
}

/** `digits` octal digits; the NUL behind them is there already. */
function octal(header: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    header[i] = 48 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
  if (rest > 0) throw new MirrorError("internal", { reason: `${value} does not fit into a tar header` });
}
