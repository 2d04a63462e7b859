import { Slice } from "../../../src/core/cooperation/slice.ts";
import { checkClosure } from "../../../src/core/git/closure.ts";
import { defaultLimits } from "../../../src/core/git/limits.ts";
import { fromHex } from "../../../src/core/git/oid.ts";
import { buildIdx } from "../../../src/core/git/pack-idx.ts";
import { PackReader } from "../../../src/core/git/pack-reader.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { createDigest } from "../../../src/platform/digest.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";
import { sha1OfWhole } from "../../../src/platform/sha1.ts";

/** Bytes at once, as a network delivers them. */
const chunkBytes = 64 * 1024;

export interface PackFigures {
  /** Everything that `git index-pack` does: inflate, resolve, hash, idx; and the rules of `--strict`, and the closure. */
  readonly ms: number;
  readonly readMs: number;
  readonly closureMs: number;
  readonly idxMs: number;
  readonly objects: number;
  readonly pauses: number;
}

/** As in a sync, where it is compiled while the remote is awaited. */
const digest = createDigest("sha1");

self.onmessage = ({ data }: MessageEvent<{ pack: ArrayBuffer; tip: string }>) => {
  void index(new Uint8Array(data.pack), data.tip).then(
    (figures) => postMessage(figures),
    (thrown: unknown) => postMessage({ error: String(thrown) }),
  );
};

async function index(pack: Uint8Array, tip: string): Promise<PackFigures> {
  const slice = new Slice(systemClock, messageChannelMacrotask(), 4);
  const objectSha1 = await digest;
  const begun = systemClock.now();
  const reader = new PackReader({ limits: defaultLimits, slice, objectSha1, packSha1: sha1OfWhole });
  for (let at = 0; at < pack.length; at += chunkBytes) await reader.write(pack.subarray(at, at + chunkBytes));
  await reader.finish();
  // As the engine does: closure is checked while the platform hashes the pack.
  const summing = reader.checksum();
  reader.assertResolved();
  const read = systemClock.now();
  await checkClosure(reader, tip, new Set([tip]), null, slice);
  const checksum = await summing;
  const closed = systemClock.now();
  await buildIdx(reader.table, fromHex(checksum), sha1OfWhole, slice);
  const ended = systemClock.now();
  return {
    ms: ended - begun,
    readMs: read - begun,
    closureMs: closed - read,
    idxMs: ended - closed,
    objects: reader.resolved,
    pauses: slice.pauses,
  };
}
