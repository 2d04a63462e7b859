import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { FetchedArchives } from "../../src/gateway/fetched-archives.ts";
import type { ArchivesAnswer } from "../../src/protocol/archives.ts";
import type { Status } from "../../src/protocol/status.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { heldCache } from "../support/serving/held-cache.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("demo"));
});
afterAll(() => folder[Symbol.asyncDispose]());

const everything = [{ repository: null, what: "*" }];

async function ready({ page }: TestGateway): Promise<Status> {
  const status = async () => (await (await fetch(`${page}opam/default/status`)).json()) as Status;
  const state = async () => (await status()).repositories[0]?.state;
  await expect.poll(state, { timeout: 20_000, interval: 50 }).toBe("ready");
  await expect.poll(async () => (await status()).keeping?.kept, { timeout: 20_000 }).toHaveLength(1);
  return status();
}

const kept = ({ logged }: TestGateway) => logged.findLast((line) => line.includes("that are kept"));

test("what the command line keeps is fetched ahead, and served without its sources by the next gateway", async () => {
  const data = folder.at("data");
  let asked: readonly string[] = [];
  {
    await using cache = await heldCache(demo.cacheDirectory, Number.POSITIVE_INFINITY);
    await using gateway = await testGateway({
      repository: demo.gitDirectory,
      mirror: true,
      data,
      upstreamCaches: [cache.url],
      keep: everything,
    });
    await expect
      .poll(() => kept(gateway), { timeout: 20_000 })
      .toMatch(/^(\d+) of \1 archives that are kept are here$/);
    ({ asked } = cache);
    expect(asked.length).toBeGreaterThan(25);
    expect(new Set(asked).size).toBe(asked.length);
  }
  await using again = await testGateway({ repository: demo.gitDirectory, mirror: true, data, keep: everything });
  const { keeping } = await ready(again);
  expect(keeping).toMatchObject({ kept: [{ repository: "default", what: ["*"] }], limitBytes: null });
  for (const path of asked) {
    const answer = await fetch(`${again.page}opam/default/cache${path}`);
    const [, algorithm = "", , hex] = path.split("/");
    expect(
      createHash(algorithm)
        .update(new Uint8Array(await answer.arrayBuffer()))
        .digest("hex"),
    ).toBe(hex);
  }
  await expect.poll(() => kept(again), { timeout: 20_000 }).toMatch(new RegExp(`^${asked.length} of ${asked.length} `));
  // The folder of archives is what is listed and counted.
  const { archives } = (await (await fetch(`${again.page}opam/default/archives`)).json()) as ArchivesAnswer;
  const hexes = new Set(archives.flatMap(({ md5, sha256, sha512 }) => [md5, sha256, sha512]));
  for (const path of asked) expect(hexes).toContain(path.split("/").at(-1));
  expect(archives.every(({ pinned }) => pinned)).toBe(true);
  expect((await ready(again)).repositories[0]?.archives).toMatchObject({
    stored: archives.length,
    storedBytes: archives.reduce((sum, { size }) => sum + size, 0),
  });
}, 60_000);

test("what no source has is said once, with the reason", async () => {
  await using cache = await heldCache(folder.at("nothing"), Number.POSITIVE_INFINITY);
  await using gateway = await testGateway({
    repository: demo.gitDirectory,
    mirror: true,
    upstreamCaches: [cache.url],
    keep: [{ repository: "default", what: "tally.1.0" }],
  });
  await expect.poll(() => kept(gateway), { timeout: 20_000 }).toMatch(/^0 of 1 archives .* 1 could not be had: 1 × /);
}, 60_000);

test.each([
  [{ skipDownload: true }, /--skip-download/],
  [{ mirror: false }, /--no-mirror/],
  [{ keep: [{ repository: "other", what: "*" }] }, /no repository "other"/],
])("what cannot be kept is refused: %j", async (options, reason) => {
  await expect(
    testGateway({ repository: demo.gitDirectory, mirror: true, keep: everything, ...options }),
  ).rejects.toThrow(reason);
});

test("the folder of archives: names of one file belong together, bad ones are put aside", async () => {
  const data = folder.at("data/archives");
  const shelf = new FetchedArchives(data, false);
  const records = await shelf.records();
  expect(records.length).toBeGreaterThan(25);
  expect(records.every(({ md5, sha512 }) => md5.length === 32 && sha512.length === 128)).toBe(true);
  const [bad, good] = records;
  expect(await shelf.verify(good!.sha256)).toBe(true);
  await writeFile(shelf.path({ algorithm: "sha256", hex: bad!.sha256 }), "something else");
  expect(await shelf.verify(bad!.sha256)).toBe(false);
  expect(await readdir(`${data}/quarantine`)).toEqual([bad!.sha256]);
  const left = await new FetchedArchives(data, false).records();
  expect(left.map(({ sha256 }) => sha256).sort()).toEqual(
    records
      .filter((record) => record !== bad)
      .map(({ sha256 }) => sha256)
      .sort(),
  );
  await shelf.remove(good!.sha256);
  for (const algorithm of ["md5", "sha256", "sha512"] as const)
    await expect(readdir(shelf.path({ algorithm, hex: good![algorithm] }))).rejects.toThrow(/ENOENT/);
});
