import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";

export interface TarListing {
  /** In the order of the archive. */
  readonly names: readonly string[];
  /** Path → sha256. */
  readonly hashes: ReadonlyMap<string, string>;
  /** What is not plain ustar with regular files, uid and gid 0, and this time; empty when all is. */
  readonly wrong: readonly string[];
}

/**
 * Reads a tar.gz twice: by a library, for names and contents, and header by header here, because a library hides what
 * opam's own reader does not understand (pax and GNU extensions; POSIX.1-1988 ustar is what it knows).
 */
export async function listTarGz(bytes: Buffer, committedAt: number): Promise<TarListing> {
  const tar = gunzipSync(bytes);
  const wrong: string[] = [];
  let headers = 0;
  let at = 0;
  for (; at + 512 <= tar.length && tar[at] !== 0; headers++) {
    const field = (from: number, length: number) =>
      tar.toString("latin1", at + from, at + from + length).replace(/\0.*$/s, "");
    const octal = (from: number, length: number) => Number.parseInt(field(from, length).trim(), 8);
    const name = `${field(345, 155)}/${field(0, 100)}`.replace(/^\//, "");
    if (tar.toString("latin1", at + 257, at + 265) !== "ustar\x0000") wrong.push(`${name}: not ustar`);
    if (field(156, 1) !== "0") wrong.push(`${name}: type ${field(156, 1)}`);
    if (octal(108, 8) !== 0 || octal(116, 8) !== 0) wrong.push(`${name}: uid or gid`);
    if (octal(136, 12) !== committedAt) wrong.push(`${name}: mtime ${octal(136, 12)}`);
    let sum = 0;
    for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : (tar[at + i] ?? 0);
    if (octal(148, 8) !== sum) wrong.push(`${name}: header checksum`);
    at += 512 + Math.ceil(octal(124, 12) / 512) * 512;
  }
  if (tar.length - at < 1024 || tar.subarray(at).some((byte) => byte !== 0))
    wrong.push("the end is not two zero blocks");
  const entries = await unpackTar(tar);
  if (entries.length !== headers) wrong.push(`${headers} headers, but ${entries.length} entries`);
  const hashes = new Map<string, string>();
  for (const { header, data } of entries) {
    if (hashes.has(header.name)) wrong.push(`${header.name}: twice`);
    hashes.set(
      header.name,
      createHash("sha256")
        .update(data ?? Buffer.alloc(0))
        .digest("hex"),
    );
  }
  return { names: entries.map(({ header }) => header.name), hashes, wrong };
}
