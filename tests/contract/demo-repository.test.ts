import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { runGit, temporaryFolder } from "../support/gateway.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("one"));
});
afterAll(() => folder[Symbol.asyncDispose]());

test("the same commit each time, whatever the environment says", async () => {
  const saved = { ...process.env };
  Object.assign(process.env, {
    GIT_AUTHOR_DATE: "2001-01-01T00:00:00Z",
    GIT_COMMITTER_NAME: "x",
    GIT_DEFAULT_HASH: "sha256",
    TZ: "Asia/Tokyo",
  });
  try {
    const again = await buildDemoRepository(folder.at("two"));
    expect(again.commit).toBe(demo.commit);
  } finally {
    process.env = saved;
  }
  // Changes when a demo package does, and only then: clients that hold the repository would see an update.
  expect(demo.commit).toBe("fb9816078f9b1b2fb58d2601f6f8c85757f2f53f");
  await runGit("-C", demo.gitDirectory, "fsck", "--strict", "--full");
});

test("its shape: many packages, several versions, three depths, conf package, extra-source", async () => {
  const paths = (await runGit("-C", demo.gitDirectory, "ls-tree", "-r", "--name-only", "master")).split("\n");
  const opam = paths.filter((path) => path.endsWith("/opam"));
  const versions = opam.map((path) => path.split("/").at(-2) ?? "");
  expect(new Set(versions.map((version) => version.split(".")[0])).size).toBeGreaterThanOrEqual(10);
  expect(versions.length).toBe(31);
  expect(new Set(opam.map((path) => path.split("/").length))).toEqual(new Set([3, 4, 5, 6]));
  expect(paths.filter((path) => !path.startsWith("packages/"))).toEqual(["README.md", "repo", "version"]);
  const previous = (await runGit("-C", demo.gitDirectory, "ls-tree", "-r", "--name-only", "previous")).split("\n");
  expect(previous.length).toBeLessThan(paths.length);
  expect(previous.every((path) => paths.includes(path))).toBe(true);
});

test("every checksum names an archive in the cache folder, which unpacks to one folder", async () => {
  const text = await runGit(
    "-C",
    demo.gitDirectory,
    "grep",
    "-h",
    "-o",
    "-E",
    '"(md5|sha256|sha512)=[0-9a-f]+"',
    "master",
  );
  const checksums = text.split("\n").map((line) => line.slice(1, -1).split("=") as [string, string]);
  expect(checksums.length).toBeGreaterThan(50);
  for (const [algorithm, hex] of checksums) {
    const bytes = await readFile(join(demo.cacheDirectory, algorithm, hex.slice(0, 2), hex));
    expect(createHash(algorithm).update(bytes).digest("hex")).toBe(hex);
    if (bytes[0] !== 0x1f) continue;
    expect(gunzipSync(bytes).length % 512).toBe(0);
    const names = execFileSync("tar", ["tz"], { input: bytes, encoding: "utf8" }).trimEnd().split("\n");
    expect(new Set(names.map((name) => name.split("/")[0])).size).toBe(1);
    expect(names.some((name) => name.endsWith("/Makefile"))).toBe(true);
  }
});

const opam = (() => {
  try {
    return execFileSync("opam", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null;
  }
})();

test.skipIf(opam === null)(
  "opam itself finds nothing to warn about, and takes it as a repository",
  async () => {
    const tree = folder.at("tree");
    for (const path of (await runGit("-C", demo.gitDirectory, "ls-tree", "-r", "--name-only", "master")).split("\n")) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(
        join(tree, path),
        `${await runGit("-C", demo.gitDirectory, "cat-file", "blob", `master:${path}`)}\n`,
      );
    }
    const environment = {
      ...process.env,
      OPAMROOT: folder.at("opam-root"),
      OPAMYES: "1",
      OPAMROOTISOK: "1",
      OPAMNOENVNOTICE: "1",
    };
    const files = execFileSync("find", [join(tree, "packages"), "-name", "opam"], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    const verdict = execFileSync("opam", ["lint", "--short", ...files], {
      encoding: "utf8",
      env: environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(verdict.trim()).toBe("");
    execFileSync("opam", ["init", "--bare", "--disable-sandboxing", "--no-setup", "default", tree], {
      env: environment,
      stdio: "ignore",
    });
    execFileSync("opam", ["switch", "create", "empty", "--empty"], { env: environment, stdio: "ignore" });
    const shown = execFileSync("opam", ["show", "-f", "all-versions", "glint"], {
      encoding: "utf8",
      env: environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(shown.trim().split(/\s+/)).toEqual(["0.3", "0.4", "0.10"]);
  },
  60_000,
);
