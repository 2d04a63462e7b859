import type { Slice } from "../core/cooperation/slice.ts";
import type { Digest } from "../core/git/digest.ts";
import { toHex } from "../core/git/oid.ts";
import { createDigest, type DigestName } from "../platform/digest.ts";

/** Bytes hashed between two looks at the slice. */
const stepBytes = 64 * 1024;
/** Bytes of a Blob that are read at once. */
const pieceBytes = 1024 * 1024;

type Named<N> = readonly [name: N, digest: Digest];

/** Several digests of the same bytes in one pass, cooperatively. */
export class Digests<N extends DigestName> {
  readonly #digests: readonly Named<N>[];
  readonly #slice: Slice;

  private constructor(digests: readonly Named<N>[], slice: Slice) {
    this.#digests = digests;
    this.#slice = slice;
  }

  static async create<N extends DigestName>(names: readonly N[], slice: Slice): Promise<Digests<N>> {
    const digests = await Promise.all(names.map(async (name) => [name, await createDigest(name)] as const));
    for (const [, digest] of digests) digest.init();
    return new Digests(digests, slice);
  }

  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += stepBytes) {
      const step = bytes.subarray(at, at + stepBytes);
      for (const [, digest] of this.#digests) {
        digest.update(step);
        if (this.#slice.due()) await this.#slice.pause();
      }
    }
  }

  /** Lower-case hexadecimal digits by name. */
  finish(): Readonly<Record<N, string>> {
    return Object.fromEntries(this.#digests.map(([name, digest]) => [name, toHex(digest.digest())])) as Record<
      N,
      string
    >;
  }
}

/** Hex digest of a Blob, or null when its bytes cannot be read any more. */
export async function blobDigest(blob: Blob, name: DigestName, slice: Slice): Promise<string | null> {
  const digests = await Digests.create([name], slice);
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const piece = await blob
      .slice(at, at + pieceBytes)
      .arrayBuffer()
      .catch(() => null);
    if (piece === null) return null;
    await digests.update(new Uint8Array(piece));
  }
  return digests.finish()[name];
}

/** Hex digest of bytes in memory. */
export async function bytesDigest(bytes: Uint8Array, name: DigestName, slice: Slice): Promise<string> {
  const digests = await Digests.create([name], slice);
  await digests.update(bytes);
  return digests.finish()[name];
}
