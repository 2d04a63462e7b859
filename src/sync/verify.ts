import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { checkClosure } from "../core/git/closure.ts";
import type { CommitFacts } from "../core/git/commit.ts";
import { Manifest, type Place } from "../core/git/manifest.ts";
import type { ObjectBytes } from "../core/git/object-bytes.ts";
import { objectTypes } from "../core/git/object-type.ts";
import { fromHex, toHex } from "../core/git/oid.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import { assertCountable } from "../core/git/path-count.ts";
import { type WalkedTree, walkServedTree } from "../core/git/tree-walk.ts";
import type { SnapshotRecord } from "../store/records.ts";
import { StoredObjects } from "../store/stored-objects.ts";
import type { SyncHost } from "./host.ts";

/** The snapshot that an update builds upon, and its objects. */
export interface Foundation {
  readonly snapshot: SnapshotRecord;
  readonly objects: StoredObjects;
}

export interface VerifiedTree extends WalkedTree {
  /** Hex oid of the commit's tree. */
  readonly tree: string;
  /** Committer date, seconds since the Unix epoch. */
  readonly committedAt: number;
}

export async function openFoundation(host: SyncHost, snapshot: SnapshotRecord): Promise<Foundation> {
  return { snapshot, objects: await StoredObjects.open(host.store, snapshot.packs) };
}

/** Checks that the commit and its tree are complete, in the pack or in the packs of the foundation. Throws `object-*`. */
export function verifyClosure(
  reader: PackReader,
  commit: string,
  shallow: readonly string[],
  foundation: Foundation | null,
  slice: Slice,
): Promise<CommitFacts> {
  return checkClosure(reader, commit, new Set(shallow), foundation?.objects ?? null, slice);
}

/** Builds the manifest of a tree that is complete: new objects lie in a pack behind the foundation's. Throws `pack-limit`. */
export async function walkTree(
  host: SyncHost,
  reader: PackReader,
  facts: CommitFacts,
  foundation: Foundation | null,
  slice: Slice,
): Promise<VerifiedTree> {
  const { table } = reader;
  const newPack = foundation?.snapshot.packs.length ?? 0;
  const place = (oids: Uint8Array, at: number): Place => {
    const index = table.find(oids, at);
    if (index >= 0) return { pack: newPack, offset: table.offsets[index]! };
    return foundation?.objects.find(oids, at) ?? vanished(oids, at);
  };
  const tree = (oids: Uint8Array, at: number): ObjectBytes | Promise<ObjectBytes> => {
    const index = table.find(oids, at);
    return index >= 0 ? reader.content(index) : storedTree(foundation, oids, at);
  };
  const root = await tree(fromHex(facts.tree), 0);
  const rootIndex = table.find(fromHex(facts.tree));
  const repeated = {
    trees: table.count,
    assertCountable: () => assertCountable(reader, rootIndex, host.limits.files, slice),
  };
  const before = foundation && {
    manifest: new Manifest(foundation.snapshot.manifest),
    root: await tree(fromHex(foundation.snapshot.tree), 0),
    skipped: foundation.snapshot.parseErrors,
    tree,
  };
  const walked = await walkServedTree(
    root,
    { tree, place, ...(foundation === null && { repeated }) },
    host.limits,
    slice,
    before,
  );
  return { ...walked, tree: facts.tree, committedAt: facts.committedAt };
}

async function storedTree(foundation: Foundation | null, oids: Uint8Array, at: number): Promise<ObjectBytes> {
  const object = (await foundation?.objects.read(toHex(oids, at, at + 20))) ?? null;
  if (object === null || object.type !== objectTypes.tree) return vanished(oids, at);
  return { bytes: object.bytes, from: 0, size: object.bytes.length };
}

function vanished(oids: Uint8Array, at: number): never {
  throw new MirrorError("store-lost", { reason: `object ${toHex(oids, at, at + 20)} is gone` });
}
