import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { readCommit } from "./commit.ts";
import { objectTypes } from "./object-type.ts";
import { fromHex, toHex } from "./oid.ts";
import type { PackUnion } from "./pack-union.ts";
import type { StoredObject, StoredObjectReader } from "./stored-object.ts";
import { gitlinkMode, isTree, TreeCursor } from "./tree.ts";

/** Largest tree that is walked without a look at the slice: some thousand entries. */
const walkedBytes = 16_384;

export interface Reachable {
  /** 1 for each number of the union whose object belongs to the commit: itself, its trees and their blobs. */
  readonly marks: Uint8Array;
  readonly count: number;
}

/**
 * Finds what a commit needs of some stored packs, its parents not included. Throws `store-lost` when something is missing or is no
 * tree. What is read here is not hashed: whoever relies on it has the result verified.
 */
export async function findReachable(
  union: PackUnion,
  reader: StoredObjectReader,
  commit: string,
  slice: Slice,
): Promise<Reachable> {
  const marks = new Uint8Array(union.count);
  const read = async (number: number, type: number): Promise<StoredObject> => {
    const { pack, offset } = union.place(number);
    const object = await reader.read(union.packs[pack]!.pack, offset);
    if (object.type === type) return object;
    throw new MirrorError("store-lost", { reason: `object ${toHex(union.oid(number))} is of another kind` });
  };
  const tip = union.require(fromHex(commit), 0);
  marks[tip] = 1;
  const root = union.require(fromHex(readCommit((await read(tip, objectTypes.commit)).bytes).tree), 0);
  marks[root] = 1;
  let count = 2;
  const trees = [root];
  const entry = new TreeCursor();
  for (let tree = trees.pop(); tree !== undefined; tree = trees.pop()) {
    const { bytes } = await read(tree, objectTypes.tree);
    entry.open(bytes, 0, bytes.length);
    while (entry.next()) {
      if (entry.mode === gitlinkMode) continue;
      const number = union.require(bytes, entry.oidAt);
      if (marks[number] === 1) continue;
      marks[number] = 1;
      count++;
      if (isTree(entry.mode)) trees.push(number);
    }
    if (entry.malformed) throw new MirrorError("store-lost", { reason: `tree ${toHex(union.oid(tree))} is damaged` });
    if (bytes.length > walkedBytes || slice.due()) await slice.pause();
  }
  return { marks, count };
}
