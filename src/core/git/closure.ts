import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { type CommitFacts, readCommit } from "./commit.ts";
import { isAttributesName } from "./forbidden-name.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import { kindOf, objectTypes, typeOf } from "./object-type.ts";
import { compareOids, fromHex, toHex } from "./oid.ts";
import type { PackReader } from "./pack-reader.ts";
import type { StoredObject } from "./stored-object.ts";
import { compareEntries, gitlinkMode, isTree, TreeCursor, type TreeEntry } from "./tree.ts";

/** The objects of earlier, verified packs. What one of them names is there as well. */
export interface Elsewhere {
  /** Type number of the object, or 0 when there is none. */
  type(oids: Uint8Array, at: number): Promise<number>;
  read(oid: string): Promise<StoredObject | null>;
}

/** Git refuses attribute files with longer lines (git-fsck, gitattributesLineLength). */
const attributesLineBytes = 2048;

/**
 * Checks that everything named in the pack is there, with the kind it is named as: the tip's commit and tree, and every entry of
 * every tree of the pack, reachable or not, as `git index-pack --strict` does. Only commits of the shallow boundary may lack parents.
 * Bases that this side added to a thin pack were checked with the pack that they are from, and so was what a folder shares with its own.
 * Throws `object-missing` and `object-corrupt`. Returns the facts of the tip.
 */
export async function checkClosure(
  reader: PackReader,
  tip: string,
  boundary: ReadonlySet<string>,
  elsewhere: Elsewhere | null,
  slice: Slice,
): Promise<CommitFacts> {
  const table = reader.table;
  const facts = await tipFacts(reader, tip, elsewhere);
  const attributes = new Set<number>();
  /** Named and not in the pack: kind expected, and where the oid stands, by oid. */
  const outside = new Map<string, { readonly expected: number; readonly oids: Uint8Array; readonly at: number }>();
  const expect = (oids: Uint8Array, at: number, expected: number): void => {
    const index = table.find(oids, at);
    if (index >= 0) {
      if (table.types[index] !== expected) throw wrongKind(expected, oids, at);
      return;
    }
    if (elsewhere === null) throw missing(expected, oids, at);
    const oid = toHex(oids, at, at + 20);
    const known = outside.get(oid);
    if (known === undefined) outside.set(oid, { expected, oids, at });
    else if (known.expected !== expected) throw wrongKind(expected, oids, at);
  };
  const entry = new TreeCursor();
  const same = new SharedEntries();
  const received = reader.expected;
  for (let i = 0; i < received; i++) {
    const type = table.types[i]!;
    if (type === objectTypes.tree) {
      const { bytes, from, size } = reader.content(i);
      const base = table.bases[i]!;
      same.of(base >= received ? reader.content(base) : null);
      entry.open(bytes, from, from + size);
      while (entry.next()) {
        if (same.has(bytes, entry)) continue;
        if (entry.mode === gitlinkMode) continue;
        if (isTree(entry.mode)) expect(bytes, entry.oidAt, objectTypes.tree);
        else {
          expect(bytes, entry.oidAt, objectTypes.blob);
          if (isAttributesName(bytes, entry.nameFrom, entry.nameTo)) attributes.add(table.find(bytes, entry.oidAt));
        }
      }
    } else if (type === objectTypes.commit) {
      const { tree, parents } = commitAt(reader, i);
      const oid = parents.length > 0 ? toHex(table.oids, i * 20, i * 20 + 20) : "";
      for (const parent of boundary.has(oid) ? [] : parents) expect(fromHex(parent), 0, objectTypes.commit);
      expect(fromHex(tree), 0, objectTypes.tree);
    } else if (type === objectTypes.tag) {
      const { bytes, from, size } = reader.content(i);
      const head = new TextDecoder("latin1").decode(bytes.subarray(from, from + Math.min(size, 80))).split("\n");
      expect(fromHex(head[0]!.slice(7)), 0, typeOf(head[1]!.slice(5)));
    }
    if (slice.due()) await slice.pause();
  }
  for (const { expected, oids, at } of outside.values()) {
    const found = await elsewhere!.type(oids, at);
    if (found === 0) throw missing(expected, oids, at);
    if (found !== expected) throw wrongKind(expected, oids, at);
    if (slice.due()) await slice.pause();
  }
  for (const i of attributes) if (i >= 0) checkAttributes(reader, i);
  return facts;
}

/** Entries that a tree has in common with another. Both are in order, so one walk along both tells. */
class SharedEntries {
  readonly #entry: TreeCursor = new TreeCursor();
  #bytes: Uint8Array = new Uint8Array(0);
  #more = false;

  of(base: ObjectBytes | null): void {
    this.#more = base !== null;
    if (base === null) return;
    this.#bytes = base.bytes;
    this.#entry.open(base.bytes, base.from, base.from + base.size);
    this.#more = this.#entry.next();
  }

  /** To be asked for each entry in turn. */
  has(bytes: Uint8Array, entry: TreeEntry): boolean {
    const base = this.#entry;
    while (this.#more) {
      const order = compareEntries(this.#bytes, base, bytes, entry);
      if (order > 0) return false;
      const { mode, oidAt } = base;
      const found = order === 0 && mode === entry.mode && compareOids(this.#bytes, oidAt, bytes, entry.oidAt) === 0;
      this.#more = base.next();
      if (order === 0) return found;
    }
    return false;
  }
}

async function tipFacts(reader: PackReader, tip: string, elsewhere: Elsewhere | null): Promise<CommitFacts> {
  const index = reader.find(tip);
  const stored = index < 0 ? ((await elsewhere?.read(tip)) ?? null) : null;
  if (index < 0 && stored === null) throw new MirrorError("object-missing", { oid: tip, kind: "commit" });
  if ((stored?.type ?? reader.table.types[index]) !== objectTypes.commit) {
    throw new MirrorError("object-corrupt", { oid: tip, reason: "the tip is not a commit" });
  }
  return stored === null ? commitAt(reader, index) : readCommit(stored.bytes);
}

function commitAt(reader: PackReader, index: number): CommitFacts {
  const { bytes, from, size } = reader.content(index);
  return readCommit(bytes.subarray(from, from + size));
}

function checkAttributes(reader: PackReader, index: number): void {
  const { bytes, from, size } = reader.content(index);
  let lineFrom = from;
  for (let at = from; at <= from + size; at++) {
    if (at < from + size && bytes[at] !== 10) continue;
    if (at - lineFrom >= attributesLineBytes) {
      const oid = toHex(reader.table.oids, index * 20, index * 20 + 20);
      throw new MirrorError("object-corrupt", { oid, reason: "an attributes file has a line that is too long" });
    }
    lineFrom = at + 1;
  }
}

function missing(expected: number, oids: Uint8Array, at: number): MirrorError {
  return new MirrorError("object-missing", { oid: toHex(oids, at, at + 20), kind: kindOf(expected) ?? "object" });
}

function wrongKind(expected: number, oids: Uint8Array, at: number): MirrorError {
  const reason = `it is named as a ${kindOf(expected) ?? "known kind"} and is something else`;
  return new MirrorError("object-corrupt", { oid: toHex(oids, at, at + 20), reason });
}
