import type { Slice } from "../cooperation/slice.ts";
import { readCommit } from "./commit.ts";
import { objectTypes } from "./object-type.ts";
import { fromHex } from "./oid.ts";
import type { PackUnion } from "./pack-union.ts";
import type { Reachable } from "./reachable.ts";
import type { StoredObjectReader } from "./stored-object.ts";
import { gitlinkMode, isTree, TreeCursor } from "./tree.ts";

interface Entries {
  /** Numbers by name, in the union; submodules left out. */
  readonly byName: ReadonlyMap<string, { readonly number: number; readonly tree: boolean }>;
}

/**
 * What of `commit` somebody lacks who has `have` with its tree: entries that are equal on both sides are not looked into. Null when the
 * packs do not hold the folders of `have` that differ, so that it cannot be told. Throws `store-lost` for what `commit` itself lacks.
 */
export async function findNewObjects(
  union: PackUnion,
  reader: StoredObjectReader,
  commit: string,
  have: string,
  slice: Slice,
): Promise<Reachable | null> {
  const old = await treeOf(union, reader, have);
  if (old === null) return null;
  const marks = new Uint8Array(union.count);
  if (commit === have) return { marks, count: 0 };
  const tip = union.require(fromHex(commit), 0);
  const root = union.require(fromHex((await treeOf(union, reader, commit)) ?? ""), 0);
  marks[tip] = 1;
  let count = 1;
  const mark = (number: number) => {
    if (marks[number] === 1) return false;
    marks[number] = 1;
    count++;
    return true;
  };
  /** A folder that is new, and the one in its place before: -1 for none. */
  const folders: [number, number][] = [];
  const before = union.find(fromHex(old), 0);
  if (before < 0) return null;
  if (before !== root && mark(root)) folders.push([root, before]);
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const now = await entriesOf(union, reader, folder[0], true);
    const then = folder[1] < 0 ? none : await entriesOf(union, reader, folder[1], false);
    if (now === null || then === null) return null;
    for (const [name, { number, tree }] of now.byName) {
      const replaced = then.byName.get(name);
      if (replaced?.number === number) continue;
      if (mark(number) && tree) folders.push([number, replaced?.tree === true ? replaced.number : -1]);
    }
    if (slice.due()) await slice.pause();
  }
  return { marks, count };
}

const none: Entries = { byName: new Map() };

/** Hex oid of a commit's tree; null when there is no such commit. */
async function treeOf(union: PackUnion, reader: StoredObjectReader, commit: string): Promise<string | null> {
  const number = union.find(fromHex(commit), 0);
  if (number < 0) return null;
  const { pack, offset } = union.place(number);
  const object = await reader.read(union.packs[pack]!.pack, offset);
  return object.type === objectTypes.commit ? readCommit(object.bytes).tree : null;
}

/** `complete`: whether every entry must be in the packs; an old folder's entry that is not there equals nothing. */
async function entriesOf(
  union: PackUnion,
  reader: StoredObjectReader,
  number: number,
  complete: boolean,
): Promise<Entries | null> {
  const { pack, offset } = union.place(number);
  const { type, bytes } = await reader.read(union.packs[pack]!.pack, offset);
  if (type !== objectTypes.tree) return null;
  const byName = new Map<string, { number: number; tree: boolean }>();
  const entry = new TreeCursor();
  entry.open(bytes, 0, bytes.length);
  while (entry.next()) {
    if (entry.mode === gitlinkMode) continue;
    const found = complete ? union.require(bytes, entry.oidAt) : union.find(bytes, entry.oidAt);
    const tree = isTree(entry.mode);
    // A folder that is gone cannot be compared, but what replaces it can be sent whole.
    if (found >= 0) byName.set(latin1(bytes, entry.nameFrom, entry.nameTo), { number: found, tree });
  }
  return entry.malformed ? null : { byName };
}

/** Names are bytes; two that differ must stay different. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
