import type { Slice } from "../core/cooperation/slice.ts";
import type { Digest } from "../core/git/digest.ts";
import type { Manifest } from "../core/git/manifest.ts";
import { toHex } from "../core/git/oid.ts";
import type { ArchiveIndexBuilder } from "../core/opam/archive-index-builder.ts";
import type { Checksum, ChecksumAlgorithm } from "../core/opam/checksum.ts";
import { extraFilePath } from "../core/opam/package-sources.ts";
import { createDigest } from "../platform/digest.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { KeptRanks } from "./kept-ranks.ts";

/** The folder of a package, where a path leads below its `files`. */
const packageFolder = /^.*?\/[^/.]+\.[^/]+(?=\/files\/)/;
/** Bytes hashed between two looks at the slice. */
const stepBytes = 64 * 1024;
/** Manifest entries looked at between two. */
const stride = 256;

/** Compares what `extra-files` fields list with the files that the snapshot has, and tells the builder of those that are not it. */
export async function compareExtraFiles(
  snapshot: Snapshot,
  builder: Pick<ArchiveIndexBuilder, "extraFiles" | "wrongFile">,
  slice: Slice,
): Promise<void> {
  const comparison = new Comparison(snapshot, slice);
  const compared = new Set<string>();
  for (const { path, listed } of builder.extraFiles) {
    const file = extraFilePath(path, listed.file);
    // Nobody lists a file twice who means well.
    if (compared.has(file)) continue;
    compared.add(file);
    const wrong = await comparison.fault(file, listed.checksums);
    if (wrong !== null) builder.wrongFile(path, `extra-files "${listed.file}": ${wrong}`);
    if (slice.due()) await slice.pause();
  }
}

class Comparison {
  readonly #snapshot: Snapshot;
  readonly #slice: Slice;
  readonly #digests = new Map<ChecksumAlgorithm, Digest>();

  constructor(snapshot: Snapshot, slice: Slice) {
    this.#snapshot = snapshot;
    this.#slice = slice;
  }

  /** What is wrong with the file, or null. */
  async fault(path: string, checksums: readonly Checksum[]): Promise<string | null> {
    const found = await this.#snapshot.read(path);
    if (found === undefined) return "there is no such file below files/";
    for (const { algorithm, hex } of checksums) {
      if ((await this.#hash(algorithm, found.bytes)) === hex) continue;
      return `the file below files/ does not match ${algorithm}=${hex}`;
    }
    return null;
  }

  async #hash(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Promise<string> {
    const digest = this.#digests.get(algorithm) ?? (await createDigest(algorithm));
    this.#digests.set(algorithm, digest);
    digest.init();
    for (let at = 0; at < bytes.length; at += stepBytes) {
      digest.update(bytes.subarray(at, at + stepBytes));
      if (this.#slice.due()) await this.#slice.pause();
    }
    return toHex(digest.digest());
  }
}

/** What changed, and the opam files of packages whose `files` changed: what they list has to be compared again. */
export async function withChangedFiles(
  before: Manifest,
  now: Manifest,
  kept: KeptRanks,
  slice: Slice,
): Promise<KeptRanks> {
  const again = new Set<string>();
  const note = (path: string) => {
    const folder = packageFolder.exec(path)?.[0];
    if (folder !== undefined) again.add(`${folder}/opam`);
  };
  let looked = 0;
  for (const rank of kept.changed) {
    note(now.path(rank));
    if (++looked % stride === 0 && slice.due()) await slice.pause();
  }
  for (let rank = kept.ranks.indexOf(-1); rank >= 0; rank = kept.ranks.indexOf(-1, rank + 1)) {
    note(before.path(rank));
    if (++looked % stride === 0 && slice.due()) await slice.pause();
  }
  if (again.size === 0) return kept;
  const ranks = kept.ranks.slice();
  const changed = new Set(kept.changed);
  for (const path of again) {
    const [old, rank] = [before.find(path), now.find(path)];
    if (old >= 0) ranks[old] = -1;
    if (rank >= 0) changed.add(rank);
    if (++looked % stride === 0 && slice.due()) await slice.pause();
  }
  return { ranks, changed: [...changed].sort((a, b) => a - b) };
}
