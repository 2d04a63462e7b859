import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareVersions } from "../../src/core/opam/version.ts";
import { buildDemoRepository } from "../../src/demo/build.ts";
import type { Status } from "../../src/protocol/status.ts";
import { git } from "../fixtures/git-command.ts";
import { checkUnless } from "../support/check-unless.ts";
import { eventually } from "../support/eventually.ts";
import { runGit, type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { findOpam, runOpam } from "../support/opam-client.ts";
import { realData, skipReason } from "../support/real-data.ts";
import { serveFolder } from "../support/static-folder.ts";

const opam = findOpam();
const missing = skipReason() ?? (opam === null ? "opam is not on PATH (Debian package opam)." : null);
const run = promisify(execFile);

async function mirrored(gateway: TestGateway): Promise<{ state: string; commit: string | null }> {
  const status = (await (await fetch(`${gateway.page}opam/default/status`)).json()) as Status;
  return status.repositories[0]!;
}

describe("native opam and the gateway's mirror of the real opam-repository", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let gateway: TestGateway;
  let gitDir: string;
  const commits = { previous: "", master: "" };
  const client = (...args: string[]) => runOpam(opam!, folder.at("root"), args);
  /** The commit that opam's copy of the repository says it is. */
  const stamp = async () => {
    const copy = folder.at("root/repo/default.tar.gz");
    return /^stamp: "(\w+)"/m.exec((await run("tar", ["-xzOf", copy, "default/repo"])).stdout)?.[1];
  };
  const push = (commit: string) => git(["update-ref", "refs/heads/master", commit], { gitDir });

  beforeAll(async () => {
    if (missing !== null) return;
    folder = await temporaryFolder();
    const real = realData()!.repository;
    gitDir = folder.at("repository.git");
    // Its objects stay where they are; only the branch is our own.
    await runGit("clone", "--quiet", "--bare", "--shared", real, gitDir);
    for (const name of ["previous", "master"] as const) commits[name] = await runGit("-C", real, "rev-parse", name);
    await push(commits.previous);
    // As over a line, so that opam comes in the middle of the first clone.
    const line = { throttleBytesPerSecond: 4_000_000 };
    gateway = await testGateway({ repository: `${gitDir}#master`, mirror: true, data: folder.at("data"), ...line });
  }, 60_000);
  afterAll(async () => {
    await gateway?.close();
    await folder?.[Symbol.asyncDispose]();
  });
  // opam loads the whole repository for each command; a machine with other work needs minutes for all of them.
  const check = checkUnless(missing, 400_000);

  check("opam init succeeds while the first clone is running", async () => {
    expect(await mirrored(gateway)).toMatchObject({ state: "syncing", commit: null });
    const url = `${gateway.page}opam/default`;
    const said = await client("init", "--bare", "--disable-sandboxing", "--no-setup", "default", url);
    expect(said).toContain("[default] Initialised");
    expect(said).not.toMatch(/parse error|fields have been ignored|skipped|older opam format/i);
    expect((await mirrored(gateway)).commit).toBe(commits.previous);
  });

  check("opam update follows a sync, and is not disturbed by one that runs", async () => {
    await push(commits.master);
    expect((await fetch(`${gateway.page}opam/default/update`, { method: "POST" })).status).toBe(202);
    await client("update", "default");
    expect([commits.previous, commits.master]).toContain(await stamp());
    await eventually(async () => (await mirrored(gateway)).state !== "syncing", 180_000);
    expect((await mirrored(gateway)).commit).toBe(commits.master);
    if ((await stamp()) !== commits.master) await client("update", "default");
    expect(await stamp()).toBe(commits.master);
  });

  check("the mirror is a Git repository: cloned, and mirrored by another gateway", async () => {
    const url = `${gateway.page}opam/default.git`;
    const clone = folder.at("clone.git");
    const begun = performance.now();
    await using chained = await testGateway({ repository: url, mirror: true, memory: true });
    await runGit("clone", "--quiet", "--bare", url, clone);
    const tree = (at: string) => runGit("-C", at, "rev-parse", `${commits.master}^{tree}`);
    expect(await tree(clone)).toBe(await tree(gitDir));
    expect(await runGit("-C", clone, "fsck", "--strict", "--no-dangling")).toBe("");
    await eventually(async () => (await mirrored(chained)).state === "ready", 180_000);
    const facts = async (of: TestGateway) => {
      const { repositories } = (await (await fetch(`${of.page}opam/default/status`)).json()) as Status;
      const { commit, packages, versions, branch } = repositories[0]!;
      return { commit, packages, versions, branch };
    };
    expect(await facts(chained)).toEqual(await facts(gateway));
    console.log(`cloned, checked and chained in ${(performance.now() - begun).toFixed(0)} ms`);
  });

  check("what opam knows afterwards equals what it knows from a plain folder of Git's tree", async () => {
    const tree = folder.at("plain");
    await mkdir(tree);
    const archive = folder.at("tree.tar");
    await runGit("-C", gitDir, "archive", `--output=${archive}`, commits.master, "repo", "version", "packages");
    await run("tar", ["-xf", archive, "-C", tree]);
    await run("tar", ["-czf", folder.at("plain/index.tar.gz"), "-C", tree, ...(await readdir(tree))]);
    // opam keeps what it fetched: every file of it is Git's.
    await mkdir(folder.at("kept"));
    await run("tar", ["-xzf", folder.at("root/repo/default.tar.gz"), "-C", folder.at("kept")]);
    await run("diff", ["-r", "--brief", folder.at("kept/default/packages"), `${tree}/packages`]);
    await using plain = await serveFolder(tree);
    await client("repository", "add", "plain", plain.url, "--dont-select");
    for (const name of ["default", "plain"])
      await client("switch", "create", name, "--empty", `--repositories=${name}`);
    const both = async (...args: string[]) =>
      Promise.all(["default", "plain"].map((name) => client(...args, `--switch=${name}`)));

    for (const versions of [["--all-versions"], []]) {
      const [ours, theirs] = await both("list", "--available", "--short", ...versions);
      expect(ours!.split("\n").length).toBeGreaterThan(4_000);
      expect(ours).toBe(theirs);
    }
    const packagesAt = async (...args: string[]) => {
      const paths = await runGit("-C", gitDir, ...args, "--", "packages");
      return [...new Set([...paths.matchAll(/([^/\n]+)\/opam$/gm)].map(([, name]) => name!))];
    };
    const changed = await packagesAt("diff", "--name-only", "--no-renames", commits.previous, commits.master);
    const there = new Set(await packagesAt("ls-tree", "-r", "--name-only", commits.master));
    const known = new Set(
      (await client("list", "--all", "--all-versions", "--short", "--columns=package")).split(/\s+/),
    );
    const [kept, removed] = [changed.filter((name) => there.has(name)), changed.filter((name) => !there.has(name))];
    expect(kept.length).toBeGreaterThan(100);
    expect(removed.filter((name) => known.has(name))).toEqual([]);
    for (const name of removed)
      await expect(client("show", "--raw", "--switch=default", name)).rejects.toThrow(/[Nn]o package matching/);
    // opam takes versions such as 1.0+x and 1.0+x0 for one, and knows one folder of them.
    const packageOf = (name: string) => name.slice(0, name.indexOf("."));
    const version = (name: string) => name.slice(name.indexOf(".") + 1);
    const twins = (name: string) =>
      [...there].filter(
        (other) =>
          other !== name &&
          packageOf(other) === packageOf(name) &&
          compareVersions(version(other), version(name)) === 0,
      );
    const [asked, hidden] = [kept.filter((name) => known.has(name)), kept.filter((name) => !known.has(name))];
    expect(hidden.filter((name) => !twins(name).some((twin) => known.has(twin)))).toEqual([]);
    // Asked for two versions of one package at once, opam shows neither.
    const nth = (name: string) =>
      asked.slice(0, asked.indexOf(name)).filter((other) => packageOf(other) === packageOf(name)).length;
    const rounds = Array.from({ length: Math.max(...asked.map(nth)) + 1 }, (_, round) =>
      asked.filter((name) => nth(name) === round),
    );
    let characters = 0;
    for (const names of rounds) {
      const [ours, theirs] = await both("show", "--raw", ...names);
      expect(ours).toBe(theirs);
      expect(ours!.match(/^opam-version:/gm)).toHaveLength(names.length);
      characters += ours!.length;
    }
    console.log(
      `${asked.length} changed packages shown, ${characters} characters; the same version to opam as another: ${hidden.join(" ")}; removed: ${removed.join(" ")}`,
    );
  });
});

describe.skipIf(opam === null)("native opam and the gateway's mirror of the demo repository", () => {
  test("init, list, and a source archive from the mirror's cache", async () => {
    await using folder = await temporaryFolder();
    await using gateway = await testGateway({
      mirror: true,
      memory: true,
      defaultRemote: { name: null, url: "http://127.0.0.1:9/unreachable.git", branch: null },
    });
    const client = (...args: string[]) => runOpam(opam!, folder.at("root"), args);
    const url = `${gateway.page}opam/default`;
    await client("init", "--bare", "--disable-sandboxing", "--no-setup", "default", url);
    await client("switch", "create", "none", "--empty");
    const listed = (await client("list", "--all", "--all-versions", "--short", "--columns=package")).split("\n");
    expect(listed).toEqual(expect.arrayContaining(["tally.2.0", "ribbon.1.0~rc1", "ledge.1.0-1"]));
    // The same mirror under another name, as somebody adds it who has a repository already.
    await client("repository", "add", "mirror", url, "--set-default", "--rank=1");
    expect(await client("repository", "list", "--all", "--short")).toMatch(/^mirror$/m);
    expect(await client("update", "mirror")).not.toMatch(/error/i);
    // The address in the opam file leads nowhere: only the mirror has these bytes.
    await client("source", "tally.2.0", `--dir=${folder.at("source")}`);
    expect(await readdir(folder.at("source"))).toEqual(expect.arrayContaining(["tally.ml", "tally.mli"]));
  });

  test("as a Git repository, across an update", async () => {
    await using folder = await temporaryFolder();
    const { gitDirectory, commit } = await buildDemoRepository(folder.at("demo"));
    const branch = (to: string) => git(["update-ref", "refs/heads/served", to], { gitDir: gitDirectory });
    await branch("previous");
    await using gateway = await testGateway({ repository: `${gitDirectory}#served`, mirror: true, memory: true });
    const client = (...args: string[]) => runOpam(opam!, folder.at("root"), args);
    const versions = async () =>
      new Set((await client("list", "--all", "--all-versions", "--short", "--columns=package")).split(/\s+/));
    const url = `git+${gateway.page}opam/default.git`;
    await client("init", "--bare", "--disable-sandboxing", "--no-setup", "default", url);
    await client("switch", "create", "none", "--empty");
    const before = await versions();
    await branch(commit);
    await fetch(`${gateway.page}opam/default/update`, { method: "POST" });
    await eventually(async () => (await mirrored(gateway)).commit === commit);
    await client("update", "default");
    const after = await versions();
    expect(after.size).toBeGreaterThan(before.size);
    const served = await runGit("-C", gitDirectory, "ls-tree", "-r", "--name-only", commit);
    for (const [, name] of served.matchAll(/([^/\n]+)\/opam$/gm)) expect(after).toContain(name);
  });
});
