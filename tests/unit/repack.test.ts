import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultLimits, type Limits } from "../../src/core/git/limits.ts";
import { fromHex, toHex } from "../../src/core/git/oid.ts";
import { buildIdx } from "../../src/core/git/pack-idx.ts";
import { PackReader } from "../../src/core/git/pack-reader.ts";
import { PackUnion } from "../../src/core/git/pack-union.ts";
import { findReachable } from "../../src/core/git/reachable.ts";
import { repack } from "../../src/core/git/repack.ts";
import { deflate } from "../../src/platform/deflate.ts";
import { createDigest } from "../../src/platform/digest.ts";
import { sha1OfWhole } from "../../src/platform/sha1.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";
import { StoredObjects } from "../../src/store/stored-objects.ts";
import { deltaBetween } from "../support/forge/delta-forge.ts";
import { blob, commit, concat, file, folder, type GitObject, tree } from "../support/forge/git-object.ts";
import { GitJudge } from "../support/forge/git-verdict.ts";
import { PackForge } from "../support/forge/pack-forge.ts";
import { nodeSlice } from "../support/node-mirror.ts";

const text = (name: string, lines = 40) =>
  blob(Array.from({ length: lines }, (_, i) => `${name} line ${i} ${(i * 7919) % 104_729}\n`).join(""));

/** A repository of these opam files, one package each; commit and trees first. */
function repositoryOf(blobs: readonly GitObject[]): { tip: GitObject; trees: GitObject[] } {
  const versions = blobs.map((one) => tree([file("opam", one)]));
  const packages = tree(versions.map((version, i) => folder(`p.${i}`, version)));
  const root = tree([folder("packages", packages)]);
  const tip = commit({ tree: root.oid, parents: ["1".repeat(40)] });
  return { tip, trees: [root, packages, ...versions] };
}

/** Stores a right pack under its checksum; deltas may name bases anywhere in it. */
async function storePack(store: Store, bytes: Uint8Array): Promise<string> {
  const slice = nodeSlice();
  const objectSha1 = await createDigest("sha1");
  const reader = new PackReader({ limits: defaultLimits, slice, objectSha1, packSha1: sha1OfWhole });
  await reader.write(bytes);
  const checksum = await reader.end();
  reader.assertResolved();
  const writer = store.packWriter();
  await writer.write(bytes);
  await writer.commit(checksum, await buildIdx(reader.table, fromHex(checksum), sha1OfWhole, slice));
  return checksum;
}

interface Outcome {
  readonly pack: Uint8Array;
  readonly counts: Awaited<ReturnType<typeof repack>>;
  /** The new pack, read as one that a remote sent. */
  readonly reader: PackReader;
}

async function compacted(packs: readonly Uint8Array[], tip: GitObject, limits: Partial<Limits> = {}): Promise<Outcome> {
  const store = createMemoryStore();
  const keys: string[] = [];
  for (const pack of packs) keys.push(await storePack(store, pack));
  return repacked(store, keys, tip, limits);
}

async function repacked(
  store: Store,
  keys: readonly string[],
  tip: GitObject,
  limits: Partial<Limits> = {},
): Promise<Outcome> {
  const slice = nodeSlice();
  const objects = await StoredObjects.open(store, keys, 1 << 20);
  const union = new PackUnion(objects.packs);
  const reachable = await findReachable(union, objects.reader, tip.oid, slice);
  const parts: Uint8Array[] = [];
  const counts = await repack(union, reachable, {
    limits: { ...defaultLimits, ...limits },
    slice,
    sha1: await createDigest("sha1"),
    reader: objects.reader,
    deflate,
    sink: async (bytes) => void parts.push(bytes.slice()),
  });
  const pack = concat(...parts);
  const objectSha1 = await createDigest("sha1");
  const reader = new PackReader({ limits: { ...defaultLimits, ...limits }, slice, objectSha1, packSha1: sha1OfWhole });
  await reader.write(pack);
  await reader.end();
  reader.assertResolved();
  return { pack, counts, reader };
}

const oidsOf = (reader: PackReader) =>
  Array.from({ length: reader.table.count }, (_, i) => toHex(reader.table.oids, i * 20, i * 20 + 20)).sort();

describe("repack", () => {
  let judge: GitJudge;
  beforeAll(async () => {
    judge = await GitJudge.open();
  });
  afterAll(() => judge.close());

  /** Exactly the objects of the commit, and a pack that Git takes. */
  async function expectWhole(outcome: Outcome, tip: GitObject, objects: readonly GitObject[]): Promise<void> {
    expect(oidsOf(outcome.reader)).toEqual([...new Set([tip, ...objects].map(({ oid }) => oid))].sort());
    expect(await judge.judge(outcome.pack, tip.oid)).toMatchObject({ verdict: "accept", message: "" });
  }

  it("copies the entries that are kept, deltas as deltas, and leaves the others out", async () => {
    const [a, b, dead] = [text("a"), text("b"), text("dead")];
    const { tip, trees } = repositoryOf([a, b]);
    const forge = new PackForge().objects([tip, dead, ...trees]);
    const base = forge.object(a);
    forge.ofsDelta(base, deltaBetween(a.data, b.data));
    const outcome = await compacted([forge.finish()], tip);
    await expectWhole(outcome, tip, [...trees, a, b]);
    expect(outcome.counts).toEqual({ copied: trees.length + 3, deltas: 1, rewritten: 0 });
  });

  it("writes an object anew whose base is dead", async () => {
    const [dead, a, b] = [text("dead"), text("a"), text("b")];
    const { tip, trees } = repositoryOf([a, b]);
    const forge = new PackForge().objects([tip, ...trees]);
    const base = forge.object(dead);
    const onDead = forge.ofsDelta(base, deltaBetween(dead.data, a.data));
    forge.ofsDelta(onDead, deltaBetween(a.data, b.data));
    const outcome = await compacted([forge.finish()], tip);
    await expectWhole(outcome, tip, [...trees, a, b]);
    expect(outcome.counts).toMatchObject({ deltas: 1, rewritten: 1 });
  });

  it("takes the whole copy of a later pack in place of a delta whose base is dead", async () => {
    const [dead, a, b] = [text("dead"), text("a"), text("b")];
    const { tip, trees } = repositoryOf([a, b]);
    const first = new PackForge();
    const old = repositoryOf([dead, a]);
    first.objects([old.tip, ...old.trees]);
    first.ofsDelta(first.object(dead), deltaBetween(dead.data, a.data));
    // As a thin pack is completed: its deltas first, then the bases.
    const second = new PackForge().objects([tip, ...trees]);
    second.refDelta(a.oid, deltaBetween(a.data, b.data));
    second.object(a);
    const outcome = await compacted([first.finish(), second.finish()], tip);
    await expectWhole(outcome, tip, [...trees, a, b]);
    expect(outcome.counts).toMatchObject({ deltas: 1, rewritten: 0 });
  });

  it("puts a base before the deltas that named it by oid and preceded it", async () => {
    const blobs = ["a", "b", "c", "d"].map((name) => text(name));
    const { tip, trees } = repositoryOf(blobs);
    const forge = new PackForge().objects([tip, ...trees]);
    for (const [i, one] of blobs.entries()) {
      const base = blobs[i + 1];
      if (base === undefined) forge.object(one);
      else forge.refDelta(base.oid, deltaBetween(base.data, one.data));
    }
    const outcome = await compacted([forge.finish()], tip);
    await expectWhole(outcome, tip, [...trees, ...blobs]);
    expect(outcome.counts).toMatchObject({ deltas: 3, rewritten: 0 });
    const { table } = outcome.reader;
    for (let i = 0; i < table.count; i++) expect(table.packedTypes[i]).not.toBe(7);
  });

  it("cuts a chain of deltas that would become longer than allowed", async () => {
    const blobs = Array.from({ length: 12 }, (_, i) => text(`v${i}`));
    const { tip, trees } = repositoryOf(blobs);
    for (const backwards of [false, true]) {
      const forge = new PackForge().objects([tip, ...trees]);
      const order = blobs.map((one, i) => ({ one, base: blobs[i - 1] }));
      if (backwards) order.reverse();
      for (const { one, base } of order) {
        if (base === undefined) forge.object(one);
        else forge.refDelta(base.oid, deltaBetween(base.data, one.data));
      }
      const outcome = await compacted([forge.finish()], tip, { deltaDepth: 4 });
      await expectWhole(outcome, tip, [...trees, ...blobs]);
      expect(Math.max(...outcome.reader.table.depths)).toBeLessThanOrEqual(4);
      expect(outcome.counts.rewritten).toBeGreaterThan(1);
    }
  });

  it("keeps entries of many sizes, across the borders of windows and buffers", async () => {
    const blobs = [1, 2, 15, 16, 17, 130, 2_100, 9_000, 3_000, 20_000].map((lines, i) => text(`s${i}`, lines));
    const { tip, trees } = repositoryOf(blobs);
    const forge = new PackForge().objects([tip, ...trees]);
    for (const one of blobs) forge.object(one, { level: 0 });
    const outcome = await compacted([forge.finish()], tip);
    await expectWhole(outcome, tip, [...trees, ...blobs]);
  });

  it("makes the same pack of its own result", async () => {
    const blobs = ["a", "b", "c"].map((name) => text(name));
    const { tip, trees } = repositoryOf(blobs);
    const pack = new PackForge().objects([tip, ...trees, ...blobs]).finish();
    const once = await compacted([pack], tip);
    const twice = await compacted([once.pack], tip);
    expect(Buffer.compare(once.pack, twice.pack)).toBe(0);
  });

  it("refuses packs from which something is gone", async () => {
    const [a, b] = [text("a"), text("b")];
    const { tip, trees } = repositoryOf([a, b]);
    const forge = new PackForge().objects([tip, ...trees, a]);
    await expect(compacted([forge.finish()], tip)).rejects.toMatchObject({ code: "store-lost" });
    const other = text("other");
    const elsewhere = new PackForge().objects([...trees, a, b, other]);
    await expect(compacted([elsewhere.finish()], tip)).rejects.toMatchObject({ code: "store-lost" });
  });

  it("does not hide damage: a flipped byte of any entry is found in the copy or before it", async () => {
    const blobs = ["a", "b", "c"].map((name) => text(name));
    const { tip, trees } = repositoryOf(blobs);
    const forge = new PackForge().objects([tip, ...trees]);
    const base = forge.object(blobs[0]!);
    for (const one of blobs.slice(1)) forge.ofsDelta(base, deltaBetween(blobs[0]!.data, one.data));
    const pack = forge.finish();
    const right = await compacted([pack], tip);
    for (let at = 12; at < pack.length - 20; at += 11) {
      const damaged = pack.slice();
      damaged[at]! ^= 1 << (at % 8);
      const store = createMemoryStore();
      const key = await storePack(store, pack);
      const stored = (await store.pack(key))!;
      const behind: Store = {
        ...store,
        pack: async () => ({ ...stored, read: async (offset, length) => damaged.slice(offset, offset + length) }),
      };
      const outcome = await repacked(behind, [key], tip).catch((thrown: { code?: string }) => thrown);
      // What nothing reads may differ: the bits of a zlib header, for one. Then the copy holds the same objects.
      if ("code" in outcome) expect(outcome.code, `byte ${at}`).toMatch(/^(store|pack|delta|object|tree)-/);
      else expect(oidsOf((outcome as Outcome).reader), `byte ${at}`).toEqual(oidsOf(right.reader));
    }
  });
});
