import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../src/core/git/oid.ts";
import { PackIdx } from "../../src/core/git/pack-idx.ts";
import { git } from "../fixtures/git-command.ts";
import { catFileBatch } from "../fixtures/git-oracle.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { readPack } from "../support/read-pack.ts";

let folder: string;
let clone: string;
let pack: Uint8Array;
let gitIdx: Uint8Array;
let commit: string;
let files: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-pack-"));
  const repository = await makeOpamRepository({ versions: 300, commits: 1, seed: "pack-reader" });
  clone = join(folder, "clone.git");
  await git(["clone", "-q", "--bare", "--depth", "1", `file://${repository.gitDir}`, clone]);
  await git(["-C", clone, "repack", "-q", "-a", "-d", "-f", "--depth=40"]);
  const packs = join(clone, "objects/pack");
  const name = (await readdir(packs)).find((one) => one.endsWith(".pack"))!;
  pack = await readFile(join(packs, name));
  gitIdx = await readFile(join(packs, name.replace(/pack$/, "idx")));
  commit = repository.commits.at(-1)!;
  files = [...(await repository.files(commit)).keys()].filter((path) =>
    /^(packages\/|repo$|version$)/.test(path),
  ).length;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("PackReader", () => {
  it("writes the idx that Git writes, byte for byte", async () => {
    const { idx, walked } = await readPack(pack, commit);
    expect(Buffer.compare(idx, gitIdx)).toBe(0);
    expect(walked.files).toBe(files);
  });

  it("reads the same however the bytes arrive, and however little it may keep", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 40_000 }),
        async (chunkBytes, cacheBytes) => {
          const { idx } = await readPack(pack, commit, {
            chunkBytes,
            treeCacheBytes: cacheBytes,
            objectCacheBytes: cacheBytes,
          });
          expect(Buffer.compare(idx, gitIdx)).toBe(0);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("holds the content of every object as Git does, with caches too small for it", async () => {
    const { reader } = await readPack(pack, commit, { treeCacheBytes: 10_000, objectCacheBytes: 10_000 });
    const oids = Array.from({ length: reader.table.count }, (_, i) => toHex(reader.table.oids, i * 20, i * 20 + 20));
    let seen = 0;
    for await (const { oid, bytes: expected } of catFileBatch(clone, oids)) {
      const { bytes, from, size } = reader.content(reader.find(oid));
      expect(Buffer.compare(bytes.subarray(from, from + size), expected)).toBe(0);
      seen++;
    }
    expect(seen).toBe(oids.length);
  });

  it("writes packs that git verify-pack and git fsck accept", async () => {
    const { idx, checksum } = await readPack(pack, commit);
    const own = join(folder, "own.git");
    await git(["init", "-q", "--bare", own]);
    const base = join(own, `objects/pack/pack-${checksum}`);
    await writeFile(`${base}.pack`, pack);
    await writeFile(`${base}.idx`, idx);
    await writeFile(join(own, "shallow"), `${commit}\n`);
    await git(["-C", own, "update-ref", "refs/heads/master", commit]);
    await git(["verify-pack", `${base}.idx`]);
    await git(["-C", own, "fsck", "--strict", "--full"]);
  });

  it("finds in the idx what is in it and nothing else", async () => {
    const { reader, idx } = await readPack(pack, commit);
    const index = new PackIdx(idx);
    for (let i = 0; i < reader.table.count; i++)
      expect(index.offsetOf(reader.table.oids, i * 20)).toBe(reader.table.offsets[i]);
    expect(index.offsetOf(new Uint8Array(20))).toBe(-1);
    expect(index.offsetOf(new Uint8Array(20).fill(255))).toBe(-1);
  });

  it("takes ref-deltas that come before their base", async () => {
    // `git pack-objects` with --no-reuse-delta and without --delta-base-offset writes ref-deltas; their order is Git's own.
    const list = await git(["-C", clone, "rev-list", "--objects", commit]);
    const out = join(folder, "ref");
    await git(["-C", clone, "pack-objects", "-q", "--no-reuse-delta", "--depth=30", "--window=30", out], {
      input: list,
    });
    const name = (await readdir(folder)).find((one) => one.startsWith("ref-") && one.endsWith(".pack"))!;
    const bytes = await readFile(join(folder, name));
    const { reader, idx } = await readPack(bytes, commit, { chunkBytes: 777 });
    expect(Buffer.compare(idx, await readFile(join(folder, name.replace(/pack$/, "idx"))))).toBe(0);
    expect([...reader.table.packedTypes.subarray(0, reader.table.count)]).toContain(7);
  });
});
