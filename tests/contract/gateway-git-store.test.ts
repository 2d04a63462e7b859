import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeFetchRequest } from "../../src/core/git/fetch-request.ts";
import type { Status } from "../../src/protocol/status.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { eventually } from "../support/eventually.ts";
import { runGit, type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";

const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: OpamRepository;
let gitDir: string;
let gateway: TestGateway;
let url: string;

/** `first` is served as one pack, `second` and `third` as what updates added to it. */
let [first, second, third] = ["", "", ""];

async function commitOf(of: TestGateway): Promise<string | null> {
  const status = (await (await fetch(`${of.page}opam/default/status`)).json()) as Status;
  const [found] = status.repositories;
  return found?.state === "ready" ? found.commit : null;
}

async function updateTo(commit: string): Promise<void> {
  await git(["update-ref", "refs/heads/master", commit], { gitDir });
  await fetch(`${gateway.page}opam/default/update`, { method: "POST" });
  await eventually(async () => (await commitOf(gateway)) === commit);
}

async function expectWhole(clone: string, commit: string): Promise<void> {
  expect(await runGit("-C", clone, "rev-parse", commit)).toBe(commit);
  expect(await runGit("-C", clone, "ls-tree", "-r", commit)).toBe(await runGit("-C", gitDir, "ls-tree", "-r", commit));
  expect(await runGit("-C", clone, "fsck", "--strict", "--no-dangling")).toBe("");
}

const headers = {
  "content-type": "application/x-git-upload-pack-request",
  "git-protocol": "version=2",
};
const ask = (body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) =>
  fetch(`${url}/git-upload-pack`, { method: "POST", headers: { ...headers, ...more }, body });

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await makeOpamRepository({ versions: 1000, seed: 3, commits: 3 });
  [first, second, third] = repository.commits as [string, string, string];
  gitDir = await copyRepository(repository.gitDir, folder.at("repository.git"));
  await git(["update-ref", "refs/heads/master", first], { gitDir });
  gateway = await testGateway({ repository: `${gitDir}#master`, mirror: true, data: folder.at("data") });
  url = `${gateway.page}opam/default.git`;
  await eventually(async () => (await commitOf(gateway)) === first);
});
afterAll(async () => {
  await gateway?.close();
  await folder?.[Symbol.asyncDispose]();
});

describe("from one pack", () => {
  test("only one branch is advertised", async () => {
    const refs = (await runGit("ls-remote", "--symref", url)).split("\n");
    // A root commit is at its remote's HEAD, and both say so.
    expect(refs).toEqual(["ref: refs/heads/master\tHEAD", `${first}\tHEAD`, `${first}\trefs/heads/master`]);
    expect(await runGit("ls-remote", url, "refs/heads/other")).toBe("");
  });

  test.each([
    ["clone", []],
    ["shallow", ["--depth", "1"]],
    ["bare", ["--bare", "--single-branch"]],
  ])("git clone: %s", async (name, flags) => {
    await runGit("clone", "--quiet", ...flags, url, folder.at(name));
    await expectWhole(folder.at(name), first);
  });
});

describe("after updates", () => {
  beforeAll(async () => {
    await runGit("clone", "--quiet", "--bare", url, folder.at("old"));
    await updateTo(second);
    await runGit("clone", "--quiet", "--bare", url, folder.at("middle"));
    await updateTo(third);
  });

  test("git clone", async () => {
    await runGit("clone", "--quiet", url, folder.at("new"));
    await expectWhole(folder.at("new"), third);
    // Nothing of earlier commits comes along.
    const objects = (await runGit("-C", gitDir, "rev-list", "--objects", "--no-walk", third)).split("\n").length;
    expect(await runGit("-C", folder.at("new"), "count-objects", "-v")).toContain(`in-pack: ${objects}\n`);
  });

  test.each([
    ["old", "--depth=1"],
    ["middle", "--update-shallow"],
  ])("git fetch into a clone of an earlier commit: %s, %s", async (name, flag) => {
    const clone = folder.at(name);
    const count = async () => Number(/in-pack: (\d+)/.exec(await runGit("-C", clone, "count-objects", "-v"))?.[1]);
    const [before, had] = [await count(), await runGit("-C", clone, "rev-parse", "HEAD")];
    await runGit("-C", clone, "-c", "fetch.unpackLimit=1", "fetch", "--quiet", flag, url, "+master:master");
    await expectWhole(clone, third);
    const trees = [`${third}^{tree}`, `^${had}^{tree}`];
    const fresh = (await runGit("-C", gitDir, "rev-list", "--objects", "--no-walk", ...trees)).split("\n").length;
    // What is new, its commit, and at most a few objects that were elsewhere in the tree before.
    expect((await count()) - before).toBeGreaterThan(fresh);
    expect((await count()) - before).toBeLessThan(fresh * 1.2 + 5);
    expect(await runGit("-C", clone, "fetch", "--quiet", flag, url, "+master:master")).toBe("");
  });

  test("an earlier commit by its id, for as long as its objects are here", async () => {
    await runGit("init", "--quiet", "--bare", folder.at("by-id"));
    await runGit("-C", folder.at("by-id"), "fetch", "--quiet", "--depth=1", url, second);
    await expectWhole(folder.at("by-id"), second);
    const nowhere = "1".repeat(40);
    await expect(runGit("-C", folder.at("by-id"), "fetch", "--depth=1", url, nowhere)).rejects.toThrow(/not our ref/);
  });

  test("a client that knows other commits only gets everything", async () => {
    const clone = folder.at("stranger");
    await runGit("init", "--quiet", clone);
    for (let i = 0; i < 40; i++)
      await runGit(
        "-C",
        clone,
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        `${i}`,
      );
    await runGit("-C", clone, "fetch", "--quiet", "--depth=1", url, "master:refs/heads/other");
    await expectWhole(clone, third);
  });

  test("another gateway mirrors this one, and follows it", async () => {
    await using chained = await testGateway({ repository: `${url}#master`, mirror: true, memory: true });
    await eventually(async () => (await commitOf(chained)) === third);
    const packages = async (of: TestGateway) => {
      const { repositories } = (await (await fetch(`${of.page}opam/default/status`)).json()) as Status;
      return [repositories[0]?.packages, repositories[0]?.versions];
    };
    expect(await packages(chained)).toEqual(await packages(gateway));
    const index = async (of: TestGateway) => (await fetch(`${of.page}opam/default/index.tar.gz`)).headers.get("etag");
    const remote = (text: string) => text.replaceAll(/^upstream: .*$/gm, "");
    const repo = async (of: TestGateway) => remote(await (await fetch(`${of.page}opam/default/repo`)).text());
    expect(await repo(chained)).toBe(await repo(gateway));
    expect(await index(chained)).toMatch(/^"/);
    // A third one, behind the second.
    await using last = await testGateway({ repository: `${chained.page}opam/default.git`, mirror: true, memory: true });
    await eventually(async () => (await commitOf(last)) === third);
    expect(await packages(last)).toEqual(await packages(gateway));
  });

  test("a pack that was asked for before the pointer moved on is sent whole", async () => {
    const request = { agent: "test", wants: [second], haves: [], shallow: [], depth: 1 };
    const answer = await ask(encodeFetchRequest(request));
    const packets = Buffer.from(await answer.arrayBuffer());
    const parts: Buffer[] = [];
    for (let at = 0; at < packets.length; ) {
      const length = Number.parseInt(packets.toString("latin1", at, at + 4), 16);
      if (length > 5 && packets[at + 4] === 1) parts.push(packets.subarray(at + 5, at + length));
      at += Math.max(4, length);
    }
    await runGit("init", "--quiet", "--bare", folder.at("raw"));
    await writeFile(folder.at("raw.pack"), Buffer.concat(parts));
    await run("git", [
      "-C",
      folder.at("raw"),
      "index-pack",

      "-o",
      folder.at("raw.idx"),
      folder.at("raw.pack"),
    ]);
  });
});

describe("what clients send", () => {
  test("an older protocol is told which one is spoken here", async () => {
    const clone = runGit("-c", "protocol.version=0", "clone", "--quiet", url, folder.at("v0"));
    await expect(clone).rejects.toThrow(/version 2 of Git's protocol/);
  });

  test.each([
    ["nothing", ""],
    ["no packets", "hello"],
    ["no flush", "0014command=ls-refs\n"],
    ["another command", "0018command=object-info\n0000"],
    ["another format", "0014command=ls-refs\n001aobject-format=sha256\n0000"],
    ["an oid that is none", "0012command=fetch\n00010009want x0000"],
    ["a broken length", "zzzzcommand=fetch\n0000"],
    ["a length of 3", "0003"],
  ])("%s is refused", async (_name, body) => {
    const answer = await ask(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "protocol-broken" });
  });

  test("compressed requests, small and as a bomb", async () => {
    const body = "0014command=ls-refs\n0000";
    const plain = await (await ask(body)).text();
    expect(await (await ask(new Uint8Array(gzipSync(body)), { "content-encoding": "gzip" })).text()).toBe(plain);
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 << 20)));
    expect((await ask(bomb, { "content-encoding": "gzip" })).status).toBe(413);
    expect((await ask(body, { "content-encoding": "gzip" })).status).toBe(400);
    expect((await ask(body, { "content-encoding": "br" })).status).toBe(400);
  });

  test("pushing, the dumb protocol, other methods and other repositories", async () => {
    const status = async (path: string, method = "GET") =>
      (await fetch(`${gateway.page}opam/${path}`, { method })).status;
    expect(await status("default.git/info/refs?service=git-receive-pack")).toBe(403);
    expect(await status("default.git/info/refs")).toBe(403);
    expect(await status("default.git/git-receive-pack", "POST")).toBe(403);
    expect(await status("default.git/git-upload-pack")).toBe(405);
    expect(await status("default.git/HEAD")).toBe(404);
    expect(await status("none.git/info/refs?service=git-upload-pack")).toBe(404);
  });

  test("a client that leaves in the middle ends the work for it", async () => {
    const child = spawn("git", ["clone", "--quiet", "--bare", url, folder.at("left")], { stdio: "ignore" });
    setTimeout(() => child.kill("SIGKILL"), 60);
    await once(child, "close");
    await runGit("clone", "--quiet", "--bare", url, folder.at("stayed"));
    await expectWhole(folder.at("stayed"), await runGit("-C", folder.at("stayed"), "rev-parse", "HEAD"));
  });
});

test("a clone that comes before the first sync has ended waits for it", async () => {
  await using slow = await testGateway({
    repository: gitDir,
    mirror: true,
    memory: true,
    throttleBytesPerSecond: 150_000,
  });
  expect(await commitOf(slow)).toBe(null);
  await runGit("clone", "--quiet", "--bare", `${slow.page}opam/default.git`, folder.at("early"));
  await expectWhole(folder.at("early"), await runGit("-C", gitDir, "rev-parse", "master"));
});
