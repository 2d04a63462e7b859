import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManifestBuilder } from "../../src/core/git/manifest.ts";
import type { SnapshotRecord } from "../../src/store/records.ts";
import { compareManifests, latestUpdates, noChanges } from "../../src/sync/tree-changes.ts";
import { sampleSnapshot } from "../contract/store-samples.ts";
import { nodeSlice } from "../support/node-mirror.ts";

/** A manifest of these paths; the number stands for the content. */
function manifestOf(files: Readonly<Record<string, number>>): ArrayBuffer {
  const builder = new ManifestBuilder();
  const paths = Object.keys(files).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const path of paths) {
    const oid = new Uint8Array(20).fill(files[path]!);
    const bytes = new TextEncoder().encode(path);
    builder.add(bytes, bytes.length, oid, 0, 0, 12);
  }
  return builder.finish();
}

const compare = (before: Record<string, number>, after: Record<string, number>) =>
  compareManifests(manifestOf(before), manifestOf(after), nodeSlice());

const names = ({ versions }: Awaited<ReturnType<typeof compare>>) => ({
  added: versions.added.names,
  changed: versions.changed.names,
  removed: versions.removed.names,
});

describe("compareManifests", () => {
  it("counts files as a comparison path by path does", async () => {
    const paths = fc.constantFrom(
      "repo",
      "packages/a/a.1/opam",
      "packages/a/a.2/opam",
      "packages/a/a.2/files/x",
      "é",
      "z",
    );
    const tree = fc.dictionary(paths, fc.nat(3));
    await fc.assert(
      fc.asyncProperty(tree, tree, async (before, after) => {
        const { added, changed, removed } = await compare(before, after);
        const all = [...new Set([...Object.keys(before), ...Object.keys(after)])];
        const has = (files: object, path: string) => Object.hasOwn(files, path);
        expect({ added, changed, removed }).toEqual({
          added: all.filter((path) => !has(before, path)).length,
          changed: all.filter((path) => has(before, path) && has(after, path) && before[path] !== after[path]).length,
          removed: all.filter((path) => !has(after, path)).length,
        });
      }),
    );
  });

  it("names a version once, whatever of it changed", async () => {
    const before = {
      "packages/a/a.1/opam": 1,
      "packages/a/a.1/files/x": 1,
      "packages/a/a.2/opam": 1,
      "packages/b/b.1/opam": 1,
    };
    const after = {
      "packages/a/a.1/opam": 1,
      "packages/a/a.1/files/x": 2,
      "packages/a/a.1/files/y": 1,
      "packages/b/b.1/opam": 2,
      "packages/c/c.1/opam": 1,
      "packages/c/c.1/files/z": 1,
    };
    const changes = await compare(before, after);
    expect(changes).toMatchObject({ added: 3, changed: 2, removed: 1 });
    expect(names(changes)).toEqual({ added: ["c.1"], changed: ["a.1", "b.1"], removed: ["a.2"] });
  });

  it("finds versions at any depth, and takes nothing else for one", async () => {
    const after = {
      "packages/a.1/opam": 1,
      "packages/x/y/b.2/opam": 1,
      "packages/x.1/c.3/opam": 1,
      "packages/no.opam/file": 1,
      "packages/plain/opam": 1,
      "packages/.hidden/opam": 1,
      repo: 1,
    };
    expect(names(await compare({}, after)).added).toEqual(["a.1", "c.3", "b.2"]);
  });

  it("calls a version changed that moved to another folder", async () => {
    const changes = await compare({ "packages/a.1/opam": 1 }, { "packages/a/a.1/opam": 1 });
    expect(names(changes)).toEqual({ added: [], changed: ["a.1"], removed: [] });
  });

  it("names at most a hundred of each kind, and counts all", async () => {
    const after = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`packages/a/a.${i}/opam`, 1]));
    const { versions } = await compare({ "packages/b/b.1/opam": 1 }, after);
    expect([versions.added.total, versions.added.names.length, versions.removed.total]).toEqual([250, 100, 1]);
  });
});

describe("latestUpdates", () => {
  const served = (over: Partial<SnapshotRecord>): SnapshotRecord => ({
    ...sampleSnapshot("s1", "default", []),
    ...over,
  });

  it("begins with the first update, keeps twenty, and none for a commit that was fetched again", () => {
    expect(latestUpdates(null, "c0", 1, 2, noChanges)).toEqual([]);
    let before = served({ commit: "c0" });
    for (let i = 1; i <= 25; i++)
      before = served({ commit: `c${i}`, updates: latestUpdates(before, `c${i}`, i, i * 1000, noChanges) });
    expect(before.updates.map(({ commit }) => commit)).toEqual(Array.from({ length: 20 }, (_, i) => `c${25 - i}`));
    expect(before.updates[0]).toMatchObject({
      before: "c24",
      committedAt: "1970-01-01T00:00:25.000Z",
      publishedAt: "1970-01-01T00:00:25.000Z",
    });
    expect(latestUpdates(before, "c25", 1, 2, noChanges)).toBe(before.updates);
  });
});
