import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { Status } from "../../src/protocol/status.ts";
import { eventually } from "./eventually.ts";
import { runGit, type TestGateway, temporaryFolder, testGateway } from "./gateway.ts";
import { runOpam } from "./opam-client.ts";
import type { RealData } from "./real-data.ts";

/** What the compiler of the system and ocamlfind need, and what opam may weigh against it. */
const packages =
  /^packages\/(?:ocaml|ocaml-(?:system|config|base-compiler|variants)|ocamlfind|base-[^/]+|conf-m4|graphics)\//;
const run = promisify(execFile);

/** A repository of the real opam files that are needed to install ocamlfind, so that opam is not busy with all others. */
export async function smallRealRepository(real: RealData, folder: string): Promise<string> {
  const tree = join(folder, "small");
  await mkdir(tree, { recursive: true });
  const paths = (await runGit("-C", real.repository, "ls-tree", "-r", "--name-only", "master", "packages/"))
    .split("\n")
    .filter((path) => packages.test(path));
  const archive = join(folder, "small.tar");
  await runGit("-C", real.repository, "archive", `--output=${archive}`, "master", "repo", ...paths);
  await run("tar", ["-xf", archive, "-C", tree]);
  const at = ["-C", tree, "-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  await runGit(...at, "init", "--quiet", "--initial-branch=master");
  await runGit(...at, "add", ".");
  await runGit(...at, "commit", "--quiet", "--message=part of opam-repository");
  return join(tree, ".git");
}

async function ready(gateway: TestGateway): Promise<void> {
  const known = async () => {
    const { repositories } = (await (await fetch(`${gateway.page}opam/default/status`)).json()) as Status;
    return repositories[0]!.state === "ready" && repositories[0]!.archives.known > 0;
  };
  await eventually(known, 180_000);
}

/**
 * A real opam installs ocamlfind from a gateway that has an upstream cache, and, when that cache is gone, from a second gateway that mirrors
 * the first. Then bytes are flipped in what both store. `repository` is a Git repository with the branch master.
 */
export async function installThroughGateways(opam: string, repository: string, real: RealData): Promise<void> {
  await using folder = await temporaryFolder();
  const cache = folder.at("cache");
  await symlink(real.cache, cache);
  const step = async (name: string, work: () => Promise<string>) => {
    const begun = performance.now();
    const said = await work();
    console.log(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return said;
  };
  const install = async (gateway: TestGateway, name: string) => {
    const client = (...args: string[]) => runOpam(opam, folder.at(name), args);
    const url = `${gateway.page}opam/default`;
    await step(`${name}: init`, () => client("init", "--bare", "--disable-sandboxing", "--no-setup", "default", url));
    await step(`${name}: switch`, () => client("switch", "create", "sys", "--packages=ocaml-system"));
    await step(`${name}: install`, () => client("install", "ocamlfind.1.9.6"));
    expect(await client("list", "--installed", "--short", "--columns=package")).toContain("ocamlfind.1.9.6");
    expect(await client("exec", "--", "ocamlfind", "printconf", "destdir")).toContain("sys/lib");
  };

  await using first = await testGateway({
    repository: `${repository}#master`,
    mirror: true,
    data: folder.at("first"),
    upstreamCaches: [cache],
  });
  await ready(first);
  await install(first, "from the first");
  const stored = await storedArchives(folder.at("first"));
  expect(stored.length).toBeGreaterThan(1);

  await rm(cache);
  await using second = await testGateway({
    repository: `${first.page}opam/default.git`,
    mirror: true,
    data: folder.at("second"),
    upstreamCaches: [`${first.page}opam/default/cache`],
  });
  await ready(second);
  await install(second, "from the second");
  expect(await storedArchives(folder.at("second"))).toEqual(stored);

  const address = (gateway: TestGateway, hex: string) =>
    `${gateway.page}opam/default/cache/sha256/${hex.slice(0, 2)}/${hex}`;
  const flip = async (data: string, hex: string) => {
    const path = archivePath(folder.at(data), hex);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    return path;
  };
  for (const hex of stored) {
    const good = await readFile(join(real.cache, "sha256", hex.slice(0, 2), hex));
    const path = await flip("second", hex);
    const mended = await fetch(address(second, hex));
    expect(Buffer.from(await mended.arrayBuffer())).toEqual(good);
    expect(await readFile(path)).toEqual(good);
    await flip("second", hex);
    await flip("first", hex);
    for (const gateway of [second, first]) expect((await fetch(address(gateway, hex))).status).toBe(404);
  }
}

function archivePath(data: string, hex: string): string {
  return join(data, "archives", "sha256", hex.slice(0, 2), hex);
}

async function storedArchives(data: string): Promise<string[]> {
  const files = await readdir(join(data, "archives", "sha256"), { recursive: true });
  return files.flatMap((file) => /\/([0-9a-f]{64})$/.exec(file)?.[1] ?? []).sort();
}
