import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import type { ChecksumAlgorithm } from "../../src/core/opam/checksum.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import type { KnownArchive } from "../../src/serve/archive-catalog.ts";
import type { Archive } from "../../src/serve/ports.ts";
import { ServedArchives } from "../../src/serve/served-archives.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { sha, testSlice } from "../support/fake-snapshot.ts";
import { changeRecords } from "../support/raw-database.ts";

const algorithms = ["md5", "sha256", "sha512"] as const;
const bytes = new Uint8Array(70_000).map((_, i) => (i * 7 + (i >> 8)) & 255);
const sums = { md5: sha("md5", bytes), sha256: sha("sha256", bytes), sha512: sha("sha512", bytes) };
let opened = 0;

/** Archives on a database of their own, of which `bytes` were fetched once. */
async function afterFirst(content: Uint8Array<ArrayBuffer> = bytes) {
  const names = scopeNames(`/small-archives/${opened++}/`);
  const store = await openIndexedDbStore(names, { clock: systemClock });
  const listed = algorithms.map((algorithm) => ({ algorithm, hex: sha(algorithm, content) }));
  const known: KnownArchive = { alternatives: [listed], urls: [], mirrors: [], weak: false };
  const state = { asked: 0, known: known as KnownArchive | null, writes: 0, wall: 1_700_000_000_000 };
  const archives = new ServedArchives({
    catalog: { sourcesOf: async () => state.known, ownFile: async () => null },
    base: "http://mirror.example/demo/",
    fetch: async () => {
      state.asked++;
      return new Response(content);
    },
    store: {
      ...store,
      changeArchive: (...change) => {
        state.writes++;
        return store.changeArchive(...change);
      },
    },
    clock: { ...systemClock, wall: () => state.wall },
    slice: () => testSlice(),
    archiveBytes: 40_000_000,
  });
  const checksum = (algorithm: ChecksumAlgorithm) => ({ algorithm, hex: sha(algorithm, content) });
  const get = (algorithm: ChecksumAlgorithm) => {
    const { hex } = checksum(algorithm);
    return archives.get("default", algorithm, hex, new AbortController().signal);
  };
  const again = (algorithm: ChecksumAlgorithm) => archives.again("default", checksum(algorithm));
  expect(await again("md5")).toBeNull();
  expect((await get("md5")).source).toBe("upstream");
  return { store, database: names.database, state, get, again };
}

const hexOf = (archive: Archive | null) => archive && sha("sha256", archive.body as Uint8Array<ArrayBuffer>);

describe("a small archive that was read before", () => {
  test("is read again by each of its checksums, and its last use is noted once a minute", async () => {
    const { again, get, state } = await afterFirst();
    // What was fetched was not read from the store yet.
    expect(await again("md5")).toBeNull();
    expect((await get("md5")).source).toBe("store");
    for (const algorithm of [...algorithms, ...algorithms]) {
      const archive = await again(algorithm);
      expect(archive).toMatchObject({ source: "store", sha256: sums.sha256 });
      expect(hexOf(archive)).toBe(sums.sha256);
    }
    expect([state.asked, state.writes]).toEqual([1, 0]);
    state.wall += 61_000;
    for (const algorithm of algorithms) expect(hexOf(await again(algorithm))).toBe(sums.sha256);
    expect(state.writes).toBe(1);
  });

  test("is never answered when a byte of it has changed in the store, and is fetched anew", async () => {
    const { again, get, database, state } = await afterFirst();
    await get("md5");
    for (const at of [0, 35_000, 69_999]) {
      expect(hexOf(await again("md5"))).toBe(sums.sha256);
      await changeRecords(database, "archivepieces", async (record) => {
        const changed = new Uint8Array(record.bytes as ArrayBuffer).slice();
        changed[at]! ^= 1;
        return { ...record, bytes: changed.buffer };
      });
      expect(await again("md5")).toBeNull();
      expect(await again("sha512")).toBeNull();
      const before = state.asked;
      expect(hexOf(await get("md5"))).toBe(sums.sha256);
      expect(state.asked).toBe(before + 1);
      expect((await get("md5")).source).toBe("store");
    }
  });

  test.each([
    ["one byte less", (old: Uint8Array) => old.slice(0, -1).buffer],
    ["one byte more", (old: Uint8Array) => new Uint8Array([...old, 0]).buffer],
    ["nothing", () => new ArrayBuffer(0)],
    ["no bytes at all", () => "text"],
  ])("is not answered with %s", async (_, change) => {
    const { again, get, database } = await afterFirst();
    await get("md5");
    await changeRecords(database, "archivepieces", async (record) => ({
      ...record,
      bytes: change(new Uint8Array(record.bytes as ArrayBuffer)),
    }));
    expect(await again("md5")).toBeNull();
    expect((await get("md5")).source).toBe("upstream");
  });

  test("is gone when it was removed, and there when it was stored anew", async () => {
    const { again, get, store, state } = await afterFirst();
    await get("sha512");
    await store.removeArchive(sums.sha256);
    expect(await again("sha512")).toBeNull();
    expect((await get("sha512")).source).toBe("upstream");
    expect((await get("sha512")).source).toBe("store");
    expect(hexOf(await again("sha512"))).toBe(sums.sha256);
    expect(state.asked).toBe(2);
  });

  test("is not answered where opam files list something else by now, or decide by more than checksums", async () => {
    const { again, get, state } = await afterFirst();
    await get("md5");
    const known = state.known!;
    const others = [...known.alternatives[0]!.slice(0, 2), { algorithm: "sha512" as const, hex: "0".repeat(128) }];
    const md5 = known.alternatives[0]!.slice(0, 1);
    const without = [
      null,
      { ...known, alternatives: [others] },
      { ...known, alternatives: [md5], weak: true },
      { ...known, files: ["packages/a/a.1/files/b"] },
    ];
    for (const one of without) {
      state.known = one;
      expect(await again("md5")).toBeNull();
    }
    state.known = known;
    expect(hexOf(await again("md5"))).toBe(sums.sha256);
  });

  test("is looked for as ever when it has more than one piece", async () => {
    const large = new Uint8Array(1_100_000).map((_, i) => i % 251);
    const { again, get } = await afterFirst(large);
    expect((await get("md5")).source).toBe("store");
    expect(await again("md5")).toBeNull();
    expect(hexOf(await get("md5"))).toBe(sha("sha256", large));
  });
});
