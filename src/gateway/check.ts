import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Slice } from "../core/cooperation/slice.ts";
import { Manifest } from "../core/git/manifest.ts";
import { toHex } from "../core/git/oid.ts";
import { PackIdx } from "../core/git/pack-idx.ts";
import { openFileStore } from "../store/files.ts";
import type { SnapshotRecord } from "../store/records.ts";
import { snapshotDigest } from "../store/snapshot-digest.ts";
import type { Store } from "../store/store.ts";
import { digestsOfPath } from "./archive-digest.ts";
import { algorithms } from "./checksum.ts";
import { gatewaySlice } from "./event-loop.ts";

const readBytes = 1 << 20;

export interface CheckReport {
  /** What was found right, one line each. */
  readonly sound: readonly string[];
  /** What was not, and what becomes of it. */
  readonly damaged: readonly string[];
}

/**
 * Reads everything that the folder of a gateway holds and compares it with its checksums; changes nothing. Every object of a pack was verified when
 * it was stored, so that the pack's own checksum tells whether it still is what it was. Throws FolderInUse while a gateway runs on the folder.
 */
export async function checkData(folder: string): Promise<CheckReport> {
  const report = { sound: [] as string[], damaged: [] as string[] };
  const slice = gatewaySlice();
  const store = await openFileStore(join(folder, "store"), slice);
  try {
    for (const { name, snapshot } of await store.repositories()) {
      const found = snapshot === null ? "no snapshot yet" : await checkSnapshot(store, snapshot, slice);
      if (typeof found === "string" && snapshot !== null) report.damaged.push(`${name}: ${found}`);
      else
        report.sound.push(
          `${name}: ${typeof found === "string" ? found : `commit ${found.commit}, ${found.versions} versions`}`,
        );
    }
  } finally {
    await store.close();
  }
  let archives = 0;
  for (const { path, algorithm, hex } of await archivePaths(join(folder, "archives"))) {
    archives++;
    const digests = await digestsOfPath(path).catch(() => null);
    if (digests?.[algorithm] !== hex)
      report.damaged.push(`${path}: not what its name says; it is not served, and fetched again when it is asked for`);
  }
  report.sound.push(`${archives} fetched archives`);
  return report;
}

const fetched = "the next sync fetches it again";
/** A sync does not hash packs that nobody has found damaged. */
const met = "the sync after a request has met that fetches it again, or at once a start with --ignore-local";

/** The record, or what is wrong with it or with what it names, and what becomes of that. */
async function checkSnapshot(store: Store, id: string, slice: Slice): Promise<SnapshotRecord | string> {
  const record = await store.snapshot(id);
  if (record === undefined) return `the snapshot is gone; ${fetched}`;
  if ((await snapshotDigest(record)) !== record.digest) return `the record of the snapshot is damaged; ${fetched}`;
  const indexes: PackIdx[] = [];
  for (const key of record.packs) {
    const pack = await store.pack(key);
    if (pack === undefined) return `pack ${key} is gone; ${fetched}`;
    const hash = createHash("sha1");
    for (let at = 0; at < pack.size - 20; at += readBytes)
      hash.update(await pack.read(at, Math.min(readBytes, pack.size - 20 - at)));
    const trailer = toHex(await pack.read(pack.size - 20, 20));
    if (hash.digest("hex") !== key || trailer !== key) return `pack ${key} is damaged; ${met}`;
    const idx = await pack.idx();
    const body = idx.subarray(0, -20);
    if (createHash("sha1").update(body).digest("hex") !== toHex(idx.subarray(-20)))
      return `the idx of pack ${key} is damaged; ${met}`;
    indexes.push(new PackIdx(idx));
  }
  const manifest = new Manifest(record.manifest);
  for (let rank = 0; rank < manifest.count; rank++) {
    const { oids, oidAt } = manifest.entry(rank);
    const place = manifest.place(rank);
    if (indexes[place.pack]?.offsetOf(oids, oidAt) !== place.offset)
      return `the list of files names what is not in its pack; ${met}`;
    if (slice.due()) await slice.pause();
  }
  const tarball = await store.tarball(id);
  if (tarball !== undefined) {
    const hash = createHash("sha256");
    for (let at = 0; at < tarball.bytes.size; at += readBytes)
      hash.update(new Uint8Array(await tarball.bytes.slice(at, at + readBytes).arrayBuffer()));
    if (hash.digest("hex") !== tarball.sha256) return "index.tar.gz is damaged; it is built again at the first request";
  }
  return record;
}

async function archivePaths(folder: string) {
  const found: { path: string; algorithm: (typeof algorithms)[number]; hex: string }[] = [];
  const list = (path: string) => readdir(path).catch((): string[] => []);
  for (const algorithm of algorithms)
    for (const prefix of await list(join(folder, algorithm)))
      for (const hex of await list(join(folder, algorithm, prefix)))
        found.push({ path: join(folder, algorithm, prefix, hex), algorithm, hex });
  return found;
}
