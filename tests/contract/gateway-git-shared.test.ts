import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeFetchRequest } from "../../src/core/git/fetch-request.ts";
import type { Status } from "../../src/protocol/status.ts";
import { agent } from "../../src/sync/fetch-pack.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { eventually } from "../support/eventually.ts";
import { runGit, type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: OpamRepository;
let gitDir: string;
/** The gateway that stands for the Internet. */
let origin: TestGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await makeOpamRepository({ versions: 1000, seed: 3, commits: 3 });
  gitDir = await copyRepository(repository.gitDir, folder.at("repository.git"));
  origin = await testGateway({ repository: gitDir });
});
afterAll(async () => {
  await origin?.close();
  await folder?.[Symbol.asyncDispose]();
});

/**
 * Counts what passes on its way to the origin: one line for each request, `pack` for those that want one. `held` is awaited when the origin
 * has answered, before anything of the answer is passed on.
 */
async function counted(delayMs = 0, held: (what: string) => Promise<void> = async () => undefined) {
  const asked: string[] = [];
  const relay = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const plain = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    const what = /command=(ls-refs|fetch)/.exec(plain.toString("latin1"))?.[1] ?? incoming.method ?? "";
    asked.push(what);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const leave = new AbortController();
    outgoing.once("close", () => leave.abort());
    const answer = await fetch(`${origin.page}git/default${incoming.url}`, {
      method: incoming.method ?? "GET",
      headers: {
        "git-protocol": "version=2",
        "content-type": incoming.headers["content-type"] ?? "",
        "content-encoding": incoming.headers["content-encoding"] ?? "identity",
      },
      signal: leave.signal,
      ...(body.length > 0 ? { body } : {}),
    });
    await held(what);
    outgoing.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    for await (const part of answer.body ?? []) {
      outgoing.write(part);
      // Slow enough that all who ask at once ask while it runs.
      await new Promise((resolve) => setTimeout(resolve, delayMs / 10));
    }
    outgoing.end();
  };
  const server = createServer((incoming, outgoing) => void relay(incoming, outgoing).catch(() => outgoing.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const count = (asked: readonly string[], what: string) => asked.filter((one) => one === what).length;

async function commitOf(of: TestGateway): Promise<string | null> {
  const { repositories } = (await (await fetch(`${of.page}opam/default/status`)).json()) as Status;
  return repositories[0]?.state === "ready" ? repositories[0].commit : null;
}

/** What a browser's engine sends. */
function shallowFetch(of: TestGateway, commit: string, have: string | null = null): Promise<Response> {
  const known = have === null ? [] : [have];
  const body = encodeFetchRequest({ agent, wants: [commit], haves: known, shallow: known, depth: 1 });
  return fetch(`${of.page}git/default/git-upload-pack`, {
    method: "POST",
    headers: { "content-type": "application/x-git-upload-pack-request", "git-protocol": "version=2" },
    body,
  });
}

test("ten browsers that clone at one time, and the engine, fetch once", async () => {
  await using remote = await counted(100);
  await using gateway = await testGateway({ repository: `${remote.url}#master`, mirror: true, memory: true });
  const tip = repository.commits.at(-1)!;
  const answers = await Promise.all(Array.from({ length: 10 }, () => shallowFetch(gateway, tip)));
  const bodies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
  expect(bodies[0]!.length).toBeGreaterThan(100_000);
  for (const body of bodies) expect(body.equals(bodies[0]!)).toBe(true);
  await eventually(async () => (await commitOf(gateway)) === tip);
  expect(count(remote.asked, "fetch")).toBe(1);
});

test("what the mirror has is not fetched again; refs always are, and so is what it does not have", async () => {
  await using remote = await counted();
  const [first, second, third] = repository.commits as [string, string, string];
  const push = (commit: string) => git(["update-ref", "refs/heads/master", commit], { gitDir });
  await push(first);
  await using gateway = await testGateway({ repository: `${remote.url}#master`, mirror: true, memory: true });
  await eventually(async () => (await commitOf(gateway)) === first);
  const before = remote.asked.length;
  const url = `${gateway.page}git/default`;
  for (const name of ["a", "b", "c"]) await runGit("clone", "--quiet", "--bare", "--depth", "1", url, folder.at(name));
  expect(remote.asked.slice(before)).toEqual(["GET", "ls-refs", "GET", "ls-refs", "GET", "ls-refs"]);
  expect(await runGit("-C", folder.at("a"), "fsck", "--strict", "--no-dangling")).toBe("");

  await push(second);
  await runGit("-C", folder.at("a"), "fetch", "--quiet", "--depth", "1", url, "+master:master");
  expect(await runGit("-C", folder.at("a"), "rev-parse", "master")).toBe(second);
  expect(count(remote.asked, "fetch")).toBe(2);
  expect(await commitOf(gateway)).toBe(first);

  await push(third);
  await fetch(`${gateway.page}opam/default/update`, { method: "POST" });
  await eventually(async () => (await commitOf(gateway)) === third);
  const fetched = count(remote.asked, "fetch");
  await runGit("-C", folder.at("b"), "fetch", "--quiet", "--depth", "1", url, "+master:master");
  expect(await runGit("-C", folder.at("b"), "rev-parse", "master")).toBe(third);
  expect(await runGit("-C", folder.at("b"), "fsck", "--strict", "--no-dangling")).toBe("");
  expect(count(remote.asked, "fetch")).toBe(fetched);

  // The whole history is the remote's alone.
  await runGit("clone", "--quiet", "--bare", url, folder.at("history"));
  expect(await runGit("-C", folder.at("history"), "rev-list", "--count", "master")).toBe("3");
});

test("who asks for refs after a push gets those, also while somebody waits who asked before", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let waiting = 0;
  await using remote = await counted(0, async (what) => {
    if (what === "ls-refs" && waiting++ === 0) await released;
  });
  await using gateway = await testGateway({ repository: `${remote.url}#master` });
  const [before, after] = repository.commits as [string, string];
  const push = (commit: string) => git(["update-ref", "refs/heads/master", commit], { gitDir });
  const refs = () => runGit("ls-remote", `${gateway.page}git/default`, "refs/heads/master");
  await push(before);
  const early = refs();
  await eventually(async () => waiting === 1);
  await push(after);
  expect(await refs()).toContain(after);
  release();
  expect(await early).toContain(before);
});

test("one of several that leaves takes nothing from the others; the last one ends the request", async () => {
  await using remote = await counted(200);
  await using gateway = await testGateway({ repository: `${remote.url}#master` });
  const tip = await runGit("-C", gitDir, "rev-parse", "master");
  const [one, other] = await Promise.all([shallowFetch(gateway, tip), shallowFetch(gateway, tip)]);
  await one!.body!.cancel();
  expect((await other!.arrayBuffer()).byteLength).toBeGreaterThan(100_000);
  expect(count(remote.asked, "fetch")).toBe(1);
});

test("a remote that breaks off breaks off for all", async () => {
  const server = createServer((_incoming, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/x-git-upload-pack-result" });
    outgoing.write("000dpackfile\n");
    setTimeout(() => outgoing.destroy(), 100);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await using gateway = await testGateway({ repository: `http://127.0.0.1:${port}#master` });
  const answers = await Promise.all(["1", "1", "1"].map((digit) => shallowFetch(gateway, digit.repeat(40))));
  for (const answer of answers) await expect(answer.arrayBuffer()).rejects.toThrow();
  server.close();
});
