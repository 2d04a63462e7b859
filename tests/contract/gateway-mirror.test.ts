import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Status } from "../../src/protocol/status.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { eventually } from "../support/eventually.ts";
import { raw, type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { checkHttpCase, type HttpAnswer, type HttpSend, httpTable } from "../support/http-table.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: OpamRepository;
let hashes: Map<string, string>;
const archive = randomBytes(4000);
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await makeOpamRepository({ versions: 300, seed: 5, commits: 3 });
  hashes = await servedHashes(repository.gitDir, repository.commits.at(-1)!);
  const sha256 = hash("sha256", archive);
  const path = folder.at(`cache/sha256/${sha256.slice(0, 2)}/${sha256}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, archive);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Sends a path as it stands: `fetch` would take the dots out. */
function sendTo(root: string): HttpSend {
  const { hostname, port, pathname } = new URL(root);
  return (method, path, headers) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      const sent = request({ hostname, port, method, path: pathname + path, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            header: (name) => {
              const value = answer.headers[name];
              return value === undefined ? null : String(value);
            },
            body: new Uint8Array(Buffer.concat(parts)),
          }),
        );
      });
      sent.on("error", reject);
      sent.end();
    });
}

async function statusOf(gateway: TestGateway): Promise<Status> {
  return (await (await fetch(`${gateway.page}opam/default/status`)).json()) as Status;
}

async function readyAt(gateway: TestGateway, commit: string): Promise<void> {
  await eventually(async () => {
    const found = (await statusOf(gateway)).repositories[0];
    return found?.state === "ready" && found.commit === commit;
  });
}

describe.each([
  { store: "files", base: "/" },
  { store: "memory", base: "/some/base/" },
])("the gateway's own mirror, on $store", ({ store, base }) => {
  let gateway: TestGateway;
  let root: string;
  beforeAll(async () => {
    gateway = await testGateway({
      repository: repository.gitDir,
      upstreamCaches: [folder.at("cache")],
      mirror: true,
      memory: store === "memory",
      base,
    });
    root = `${gateway.page}opam/default/`;
    await readyAt(gateway, repository.commits.at(-1)!);
  });
  afterAll(() => gateway?.close());

  test.each(httpTable)("HTTP table: $name", async (httpCase) => {
    const file = [...hashes.keys()].find((path) => path.endsWith("/opam"))!;
    const facts = {
      file,
      md5: hash("md5", archive),
      sha256: hash("sha256", archive),
      sha512: hash("sha512", archive),
    };
    expect(await checkHttpCase(httpCase, sendTo(root), facts)).toEqual([]);
  });

  test("every path of the tree answers what git cat-file gives", async () => {
    const found = new Map<string, string>();
    for (const path of hashes.keys()) {
      const answer = await fetch(root + path.split("/").map(encodeURIComponent).join("/"));
      const body = new Uint8Array(await answer.arrayBuffer());
      found.set(path, `${answer.status} ${answer.headers.get("x-opam-source")} ${hash("sha256", body)}`);
    }
    expect(found).toEqual(expectedAnswers(hashes));
  });

  test("status tells what Git tells, and where a browser finds the dashboard", async () => {
    const commit = repository.commits.at(-1)!;
    const counts = await repository.count(commit);
    expect(await statusOf(gateway)).toMatchObject({
      repositories: [{ name: "default", remote: repository.gitDir, state: "ready", phase: null, commit, ...counts }],
    });
    const redirect = await sendTo(root)("GET", "status", { accept: "text/html" });
    expect([redirect.status, redirect.header("location")]).toEqual([303, base]);
  });
});

test("an archive nobody has is a 404 at once, twice", async () => {
  await using gateway = await testGateway({ repository: repository.gitDir, mirror: true, memory: true });
  for (let attempt = 0; attempt < 2; attempt++) {
    const answer = await fetch(`${gateway.page}opam/default/cache/md5/00/${"0".repeat(32)}`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: "archive-unavailable" });
  }
});

test("what a folder holds serves from the first request on, without its remote", async () => {
  await using own = await temporaryFolder();
  const gitDir = await copyRepository(repository.gitDir, own.at("repository.git"));
  const options = { repository: gitDir, mirror: true, data: own.at("data") };
  const first = await testGateway(options);
  await readyAt(first, repository.commits.at(-1)!);
  await first.close();
  await git(["update-ref", "-d", "refs/heads/master"], { gitDir });
  await using second = await testGateway(options);
  const [path, expected] = [...expectedAnswers(hashes)][0]!;
  const answer = await fetch(`${second.page}opam/default/${path}`);
  const body = new Uint8Array(await answer.arrayBuffer());
  expect(`${answer.status} ${answer.headers.get("x-opam-source")} ${hash("sha256", body)}`).toBe(expected);
  await eventually(async () => (await statusOf(second)).repositories[0]?.lastSync?.error?.code === "remote-empty");
  expect((await fetch(`${second.page}opam/default/index.tar.gz`)).status).toBe(200);
});

test("an update is followed when it is asked for, and by the clock", async () => {
  await using own = await temporaryFolder();
  const gitDir = await copyRepository(repository.gitDir, own.at("repository.git"));
  const [first, second, third] = repository.commits;
  const push = (commit: string) => git(["update-ref", "refs/heads/master", commit], { gitDir });
  await push(first!);
  await using asked = await testGateway({ repository: gitDir, mirror: true, memory: true });
  await using timed = await testGateway({ repository: gitDir, mirror: true, memory: true, updateMs: 300 });
  await readyAt(asked, first!);
  await readyAt(timed, first!);
  await push(second!);
  await readyAt(timed, second!);
  expect((await statusOf(asked)).repositories[0]?.commit).toBe(first);
  expect((await fetch(`${asked.page}opam/default/update`, { method: "POST" })).status).toBe(202);
  await readyAt(asked, second!);
  await push(third!);
  await readyAt(timed, third!);
  expect(asked.logged.filter((line) => line.includes("files changed"))).toHaveLength(2);
});

test("two repositories, one after the other", async () => {
  await using gateway = await testGateway({
    repository: [repository.gitDir, `other=${repository.gitDir}#master`],
    mirror: true,
    memory: true,
  });
  await eventually(async () => (await statusOf(gateway)).repositories.every(({ state }) => state === "ready"));
  const one = await (await fetch(`${gateway.page}opam/default/repo`)).text();
  expect(await (await fetch(`${gateway.page}opam/other/repo`)).text()).toBe(one);
  expect((await fetch(`${gateway.page}opam/third/repo`)).status).toBe(404);
});

describe("the page for browsers that get no service worker", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ repository: repository.gitDir, mirror: true, memory: true, base: "/b/" });
    await readyAt(gateway, repository.commits.at(-1)!);
  });
  afterAll(() => gateway?.close());
  const page = async (host: string, headers: Record<string, string> = {}, path = "") => {
    const { body, header, status } = await sendTo(gateway.page)("GET", path, { host, ...headers });
    return { text: new TextDecoder().decode(body), policy: header("content-security-policy"), status };
  };

  test.each(["192.168.1.20:8080", "mirror.lan", "[fd00::5]:81"])("at %s: state and the lines to copy", async (host) => {
    const { text, policy } = await page(host);
    for (const line of [
      `opam init default http://${host}/b/opam/default`,
      `opam repository set-url default http://${host}/b/opam/default`,
      repository.commits.at(-1)!,
      repository.gitDir,
    ])
      expect(text).toContain(line);
    expect(policy).toMatch(/^default-src 'none'/);
    expect((await page(host, {}, "index.html")).text).toBe(text);
  });

  test("what a client says about its host is not believed", async () => {
    const { text } = await page("x<script>alert(1)</script>");
    expect(text).not.toContain("<script>alert");
  });

  test("nowhere else", async () => {
    const app = async (host: string, headers: Record<string, string> = {}) => (await page(host, headers)).text;
    for (const host of ["localhost:1", "127.0.0.1:1", "127.9.9.9", "[::1]:1", "app.localhost"])
      expect(await app(host), host).not.toContain("opam init");
    expect(await app("mirror.lan", { "x-forwarded-proto": "https" })).not.toContain("opam init");
  });
});

test("a gateway that has names answers by them, by addresses and names of this machine, and by no other", async () => {
  await using gateway = await testGateway({
    repository: repository.gitDir,
    serverNames: ["mirror.lan", "ends.with.dash-1"],
  });
  const send = sendTo(gateway.page);
  const status = async (host: string, path: string) => (await send("GET", path, { host })).status;
  const port = new URL(gateway.url).port;
  for (const host of [
    "mirror.lan",
    "MIRROR.lan:8080",
    "mirror.lan.",
    `127.0.0.1:${port}`,
    "localhost",
    "app.localhost:1",
    "[::1]:81",
    "192.168.1.20",
    "[fd00::5]:81",
  ])
    expect([host, await status(host, "healthz")]).toEqual([host, 200]);
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "mirror.lan.evil.example",
    "127.0.0.1.evil.example",
    "x y",
    "localhost@evil.example",
  ])
    for (const path of ["healthz", "gateway/config.json", "git/default/info/refs?service=git-upload-pack", ""])
      expect([host, path, await status(host, path)]).toEqual([host, path, 403]);
  const { body } = await send("GET", "opam/default/repo", { host: "evil.example" });
  expect(JSON.parse(new TextDecoder().decode(body))).toMatchObject({ code: "forbidden" });
  // Who names no host is no browser.
  expect(await raw(gateway.url, "GET /healthz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 200/);
});
