import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../src/core/git/limits.ts";
import { Manifest } from "../../src/core/git/manifest.ts";
import { fromHex, toHex } from "../../src/core/git/oid.ts";
import { type WalkedBefore, type WalkedTree, walkServedTree } from "../../src/core/git/tree-walk.ts";
import { compareManifests } from "../../src/sync/tree-changes.ts";
import { nodeSlice } from "../support/node-mirror.ts";

/** A file's mode and content, or a folder. */
type Entry = { readonly mode: string; readonly content: number } | { readonly folder: Folder };
type Folder = Readonly<Record<string, Entry>>;

const trees = new Map<string, Uint8Array<ArrayBuffer>>();

/** Enters a folder's tree object and all below it; returns its oid. */
function enter(folder: Folder): string {
  const key = (name: string) => Buffer.from("folder" in folder[name]! ? `${name}/` : name, "latin1");
  const names = Object.keys(folder).sort((a, b) => Buffer.compare(key(a), key(b)));
  const parts = names.map((name) => {
    const entry = folder[name]!;
    const mode = "folder" in entry ? "40000" : entry.mode;
    const oid = "folder" in entry ? enter(entry.folder) : sha1(`blob ${entry.content}`);
    return Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name, "latin1"), Buffer.from([0]), fromHex(oid)]);
  });
  const bytes = new Uint8Array(Buffer.concat(parts));
  const oid = sha1(bytes);
  trees.set(oid, bytes);
  return oid;
}

function sha1(of: string | Uint8Array): string {
  return createHash("sha1").update(of).digest("hex");
}

function content(oids: Uint8Array, at: number) {
  const bytes = trees.get(toHex(oids, at, at + 20))!;
  return { bytes, from: 0, size: bytes.length };
}

const limits = { ...defaultLimits, pathBytes: 40, pathDepth: 5 };

function walk(root: string, before: WalkedBefore | null): Promise<WalkedTree> {
  const place = (oids: Uint8Array, at: number) => ({ pack: oids[at]! & 3, offset: oids[at + 1]! });
  return walkServedTree(content(fromHex(root), 0), { tree: content, place }, limits, nodeSlice(), before);
}

const name = fc.constantFrom("a", "a.1", "a.2", "a-b", "a0", "opam", "files", "b.1", "\u0001", "é", "x".repeat(30));
const file = fc.record({ mode: fc.constantFrom("100644", "100644", "100755", "120000", "160000"), content: fc.nat(3) });
const folderOf = (depth: number): fc.Arbitrary<Folder> =>
  fc.dictionary(
    name,
    depth === 0 ? file : fc.oneof({ weight: 1, arbitrary: file }, { weight: 3, arbitrary: entryOf(depth) }),
    { maxKeys: 5 },
  );
const entryOf = (depth: number): fc.Arbitrary<Entry> => folderOf(depth - 1).map((folder) => ({ folder }));
const root = fc.dictionary(fc.constantFrom("packages", "repo", "version", "README", "zoo"), fc.oneof(file, entryOf(4)));

/** The same tree with some entries replaced, anywhere. */
function merged(one: Folder, other: Folder, choose: () => number): Folder {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(
    names.flatMap((key): [string, Entry][] => {
      const [left, right] = [one[key], other[key]];
      if (left !== undefined && right !== undefined && "folder" in left && "folder" in right && choose() > 0)
        return [[key, { folder: merged(left.folder, right.folder, choose) }]];
      const taken = choose() > 0 ? left : right;
      return taken === undefined ? [] : [[key, taken]];
    }),
  );
}

describe("walkServedTree beside the tree before", () => {
  it("finds what a walk over everything finds, whatever changed", async () => {
    await fc.assert(
      fc.asyncProperty(root, root, fc.infiniteStream(fc.nat(4)), async (before, other, choices) => {
        const [was, is] = [enter(before), enter(merged(before, other, () => choices.next().value))];
        const old = await walk(was, null);
        const whole = await walk(is, null);
        const { kept, ...found } = await walk(is, {
          manifest: new Manifest(old.manifest),
          root: content(fromHex(was), 0),
          skipped: old.skipped,
          tree: async (oids, at) => content(oids, at),
        });
        const { kept: none, ...expected } = whole;
        expect(none).toEqual([]);
        const byPath = (one: Omit<WalkedTree, "kept">) => ({
          ...one,
          skipped: [...one.skipped].sort((a, b) => (a.path < b.path ? -1 : 1)),
        });
        expect(byPath(found)).toEqual(byPath(expected));
        const compared = await compareManifests(old.manifest, whole.manifest, nodeSlice());
        expect(await compareManifests(old.manifest, whole.manifest, nodeSlice(), kept)).toEqual(compared);
      }),
      { numRuns: 400 },
    );
  });

  it("reads no folder that did not change", async () => {
    const packages = (content: number): Folder => ({
      packages: {
        folder: {
          a: { folder: { "a.1": { folder: { opam: { mode: "100644", content: 1 } } } } },
          b: { folder: { "b.1": { folder: { opam: { mode: "100644", content } } } } },
          c: { folder: { "c.1": { folder: { opam: { mode: "100644", content: 3 } } } } },
        },
      },
    });
    const [was, is] = [enter(packages(2)), enter(packages(4))];
    const old = await walk(was, null);
    let read = 0;
    const counted = (oids: Uint8Array, at: number) => {
      read++;
      return content(oids, at);
    };
    const { kept, files, versions } = await walkServedTree(
      content(fromHex(is), 0),
      { tree: counted, place: () => ({ pack: 1, offset: 0 }) },
      limits,
      nodeSlice(),
      { manifest: new Manifest(old.manifest), root: content(fromHex(was), 0), skipped: [], tree: counted },
    );
    expect({ read, files, versions }).toEqual({ read: 6, files: 3, versions: 3 });
    expect(kept).toEqual([
      { from: 0, to: 1, at: 0 },
      { from: 2, to: 3, at: 2 },
    ]);
  });
});
