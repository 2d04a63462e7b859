import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { type Algorithm, algorithms } from "./checksum.ts";

export type Digests = Readonly<Record<Algorithm, string>>;

/**
 * All digests of an open file, read in pieces of 256 KiB. Each read goes through Node's thread pool, so the event loop
 * turns at least once a piece (about half a millisecond of hashing).
 */
export async function digestsOf(file: FileHandle): Promise<Digests & { readonly size: number }> {
  const hashes = algorithms.map((name) => [name, createHash(name)] as const);
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let size = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size);
    if (bytesRead === 0) break;
    size += bytesRead;
    for (const [, hash] of hashes) hash.update(buffer.subarray(0, bytesRead));
  }
  const digests = Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest("hex")])) as Record<
    Algorithm,
    string
  >;
  return { ...digests, size };
}

export async function digestsOfPath(path: string): Promise<Digests & { readonly size: number }> {
  const file = await open(path);
  try {
    return await digestsOf(file);
  } finally {
    await file.close();
  }
}
