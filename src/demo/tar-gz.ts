import { crc32 } from "./crc32.ts";

/** An archive of regular files: plain ustar (POSIX.1-1988), owner 0, one fixed date. Paths are at most 100 bytes. */
export function tarGz(files: readonly (readonly [path: string, bytes: Buffer])[], mtime: number): Buffer {
  const blocks: Buffer<ArrayBufferLike>[] = [];
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    blocks.push(header(path, bytes.length, mtime), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  blocks.push(Buffer.alloc(1024));
  return storedGzip(Buffer.concat(blocks));
}

function header(path: string, size: number, mtime: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long for a ustar header`);
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  block.write(path, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(mtime, 136, 12);
  block.write(" ".repeat(8), 148);
  block.write("0ustar\0", 156, "latin1");
  block.write("00", 263, "latin1");
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

/**
 * gzip (RFC 1952) of stored blocks (RFC 1951, 3.2.4). Nothing is compressed: what zlib makes of the same input differs
 * between its versions, and with it every checksum and the commit of the demo repository would.
 */
function storedGzip(bytes: Buffer): Buffer {
  const parts: Buffer<ArrayBufferLike>[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])];
  for (let at = 0; at < bytes.length; at += 65535) {
    const block = bytes.subarray(at, at + 65535);
    const head = Buffer.alloc(5);
    head[0] = at + 65535 >= bytes.length ? 1 : 0;
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(head, block);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length >>> 0, 4);
  return Buffer.concat([...parts, trailer]);
}
