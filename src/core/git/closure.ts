import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { type CommitFacts, readCommit } from "./commit.ts";
import { isAttributesName } from "./forbidden-name.ts";
import { kindOf, objectTypes } from "./object-type.ts";
import { fromHex, toHex } from "./oid.ts";
import type { PackReader } from "./pack-reader.ts";
import { gitlinkMode, isTree, walkTree } from "./tree.ts";

/** Type number of an object outside the pack (in an earlier, verified one), or 0 when there is none. */
export type Elsewhere = (oids: Uint8Array, at: number) => number;

/** Git refuses attribute files with longer lines (git-fsck, gitattributesLineLength). */
const attributesLineBytes = 2048;

/**
 * Checks that everything named in the pack is there, with the kind it is named as: the tip's commit and tree, and every entry of
 * every tree of the pack, reachable or not, as `git index-pack --strict` does. Only commits of the shallow boundary may lack parents.
 * Throws `object-missing` and `object-corrupt`. Returns the facts of the tip.
 */
export async function checkClosure(
  reader: PackReader,
  tip: string,
  boundary: ReadonlySet<string>,
  elsewhere: Elsewhere,
  slice: Slice,
): Promise<CommitFacts> {
  const table = reader.table;
  const tipAt = reader.find(tip);
  if (tipAt < 0) throw new MirrorError("object-missing", { oid: tip, kind: "commit" });
  if (table.types[tipAt] !== objectTypes.commit)
    throw new MirrorError("object-corrupt", { oid: tip, reason: "the tip is not a commit" });
  const attributes = new Set<number>();
  const typeOf = (oids: Uint8Array, at: number): number => {
    const found = table.find(oids, at);
    return found >= 0 ? table.types[found]! : elsewhere(oids, at);
  };
  for (let i = 0; i < table.count; i++) {
    const type = table.types[i]!;
    if (type === objectTypes.tree) {
      const { bytes, from, size } = reader.content(i);
      walkTree(bytes, from, from + size, (mode, nameFrom, nameTo, oidAt) => {
        if (mode === gitlinkMode) return true;
        const expected = isTree(mode) ? objectTypes.tree : objectTypes.blob;
        const found = typeOf(bytes, oidAt);
        if (found !== expected) throw wrongKind(found, expected, bytes, oidAt);
        if (expected === objectTypes.blob && isAttributesName(bytes, nameFrom, nameTo))
          attributes.add(table.find(bytes, oidAt));
        return true;
      });
    } else if (type === objectTypes.commit) {
      const { tree, parents } = commitAt(reader, i);
      const oid = parents.length > 0 ? toHex(table.oids, i * 20, i * 20 + 20) : "";
      for (const parent of boundary.has(oid) ? [] : parents) {
        if (typeOf(fromHex(parent), 0) !== objectTypes.commit)
          throw new MirrorError("object-missing", { oid: parent, kind: "commit" });
      }
      const found = typeOf(fromHex(tree), 0);
      if (found !== objectTypes.tree) throw wrongKind(found, objectTypes.tree, fromHex(tree), 0);
    } else if (type === objectTypes.tag) {
      const { bytes, from, size } = reader.content(i);
      const [object, type] = new TextDecoder("latin1")
        .decode(bytes.subarray(from, from + Math.min(size, 80)))
        .split("\n");
      const target = object!.slice(7).toLowerCase();
      const found = typeOf(fromHex(target), 0);
      if (found === 0) throw new MirrorError("object-missing", { oid: target, kind: "tagged object" });
      if (kindOf(found) !== type!.slice(5))
        throw new MirrorError("object-corrupt", { oid: target, reason: "a tag names it as something else" });
    }
    if (slice.due()) await slice.pause();
  }
  for (const i of attributes) if (i >= 0) checkAttributes(reader, i);
  return commitAt(reader, tipAt);
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

function wrongKind(found: number, expected: number, oids: Uint8Array, at: number): MirrorError {
  const oid = toHex(oids, at, at + 20);
  const kind = expected === objectTypes.tree ? "tree" : "blob";
  if (found === 0) return new MirrorError("object-missing", { oid, kind });
  return new MirrorError("object-corrupt", { oid, reason: `it is named as a ${kind} and is something else` });
}
