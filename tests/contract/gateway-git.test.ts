import { createHash } from "node:crypto";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { LocalGit } from "../../src/gateway/git-local.ts";
import { eventually } from "../support/eventually.ts";
import { runGit, temporaryFolder, testGateway } from "../support/gateway.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("demo"));
});
afterAll(() => folder[Symbol.asyncDispose]());

const lsRefs = "0014command=ls-refs\n0016object-format=sha100010009peel\n000csymrefs\n0014ref-prefix HEAD\n0000";
const v2 = { "git-protocol": "version=2", "content-type": "application/x-git-upload-pack-request" };

test.each([0, 2])("a real client clones a local repository, protocol %i", async (version) => {
  await using gateway = await testGateway({ repository: `${demo.gitDirectory}#master` });
  const clone = folder.at(`clone-${version}`);
  await runGit(
    "-c",
    `protocol.version=${version}`,
    "clone",
    "--quiet",
    "--bare",
    "--depth",
    "1",
    `${gateway.page}git/default`,
    clone,
  );
  expect(await runGit("-C", clone, "rev-parse", "HEAD")).toBe(demo.commit);
  expect(await runGit("-C", clone, "ls-tree", "-r", "HEAD")).toBe(
    await runGit("-C", demo.gitDirectory, "ls-tree", "-r", "master"),
  );
  await runGit("-C", clone, "fsck", "--strict");
});

test("a real client clones below a base path, through a relay of a relay", async () => {
  await using origin = await testGateway({ repository: `far=${demo.gitDirectory}` });
  await using gateway = await testGateway({ repository: `near=${origin.page}git/far`, base: "/de/mo" });
  const clone = folder.at("relayed");
  await runGit("clone", "--quiet", "--bare", "--depth", "1", `${gateway.url}/de/mo/git/near`, clone);
  expect(await runGit("-C", clone, "rev-parse", "HEAD")).toBe(demo.commit);
});

test("a shallow update is relayed with its haves", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const clone = folder.at("updated");
  const url = `${gateway.page}git/default`;
  await runGit("clone", "--quiet", "--bare", "--depth", "1", "--branch", "previous", url, clone);
  await runGit("-C", clone, "fetch", "--quiet", "--depth", "1", url, "master:newer");
  expect(await runGit("-C", clone, "rev-parse", "newer")).toBe(demo.commit);
});

test("a gzip request body is understood by the backend", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const answer = await fetch(`${gateway.page}git/default/git-upload-pack`, {
    method: "POST",
    headers: { ...v2, "content-encoding": "gzip" },
    body: new Uint8Array(gzipSync(lsRefs)),
  });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain(`${demo.commit} HEAD symref-target:refs/heads/master`);
});

test("nothing but reading by the smart protocol exists", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const table: [string, string, number, string][] = [
    ["GET", "default/info/refs?service=git-receive-pack", 403, "remote-refused"],
    ["POST", "default/git-receive-pack", 403, "remote-refused"],
    ["GET", "default/info/refs", 403, "remote-refused"],
    ["GET", "default/HEAD", 404, "not-found"],
    ["GET", "default/objects/info/packs", 404, "not-found"],
    ["GET", "default/config", 404, "not-found"],
    ["GET", "default/../../etc/passwd", 404, "not-found"],
    ["GET", "default/%2e%2e/info/refs?service=git-upload-pack", 404, "not-found"],
    ["GET", "other/info/refs?service=git-upload-pack", 404, "unknown-repository"],
    ["POST", "other/git-upload-pack", 404, "unknown-repository"],
    ["PUT", "default/git-upload-pack", 405, "method-not-allowed"],
    ["GET", "default/git-upload-pack", 405, "method-not-allowed"],
    ["POST", "default/info/refs?service=git-upload-pack", 405, "method-not-allowed"],
  ];
  for (const [method, path, status, code] of table) {
    const answer = await fetch(`${gateway.page}git/${path}`, { method });
    expect([method, path, answer.status]).toEqual([method, path, status]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.json()).toMatchObject({ code });
  }
  const clone = folder.at("pusher");
  await runGit("clone", "--quiet", `${gateway.page}git/default`, clone);
  await expect(runGit("-C", clone, "push", "origin", "HEAD:refs/heads/new")).rejects.toThrow(/403/);
});

/** Sends `megabytes` as fast as they are taken. Resolves with the status when a whole answer came back, or with null when the connection was broken. */
function upload(url: string, megabytes: number, headers: Record<string, string>): Promise<number | null> {
  return new Promise((resolve) => {
    const outgoing = httpRequest(url, { method: "POST", headers: { ...v2, ...headers } }, (incoming) => {
      incoming.on("end", () => resolve(incoming.statusCode ?? null)).on("error", () => resolve(null));
      incoming.resume();
    });
    outgoing.on("error", () => resolve(null));
    Readable.from(Array.from({ length: megabytes }, () => Buffer.alloc(1024 * 1024, "0032want "))).pipe(outgoing);
  });
}

test("a request body beyond the limit is refused, declared or not", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const url = `${gateway.page}git/default/git-upload-pack`;
  expect(await upload(url, 1, { "content-length": String(11 * 1024 * 1024) })).toBe(413);
  // The refusal arrives, for its length or for what it says, or the connection is closed on the sender: never a success.
  expect([400, 413, null]).toContain(await upload(url, 64, {}));
  expect((await fetch(`${gateway.page}healthz`)).status).toBe(200);
});

const want = (oid: string) => {
  const line = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text;
  return `${line("command=fetch\n")}${line("object-format=sha1")}0001${line("ofs-delta\n")}${line(`want ${oid}\n`)}${line("done\n")}0000`;
};

test("a backend that fails breaks the answer after delivering its reason", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const answer = await fetch(`${gateway.page}git/default/git-upload-pack`, {
    method: "POST",
    headers: v2,
    body: want("1".repeat(40)),
  });
  expect(answer.status).toBe(200);
  let text = "";
  const broken = (async () => {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
      text += Buffer.from(chunk).toString("latin1");
  })();
  await expect(broken).rejects.toThrow();
  expect(text).toContain("ERR upload-pack: not our ref");
  expect(gateway.logged.join("\n")).toContain("broken off");
});

test("a body damaged on the way never ends cleanly", async () => {
  let passed = 0;
  const cut = () =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        passed += chunk.length;
        if (passed > 3000) done(new Error("cut"));
        else done(null, chunk);
      },
    });
  await using gateway = await testGateway({
    repository: demo.gitDirectory,
    onGitResponse: ({ request }) => (request === "git-upload-pack" ? cut() : undefined),
  });
  const answer = await fetch(`${gateway.page}git/default/git-upload-pack`, {
    method: "POST",
    headers: v2,
    body: want(demo.commit),
  });
  await expect(answer.arrayBuffer()).rejects.toThrow();
});

test("the throttle keeps its rate", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, throttleBytesPerSecond: 20_000 });
  const started = performance.now();
  const answer = await fetch(`${gateway.page}git/default/git-upload-pack`, {
    method: "POST",
    headers: v2,
    body: want(demo.commit),
  });
  const bytes = (await answer.arrayBuffer()).byteLength;
  const seconds = (performance.now() - started) / 1000;
  expect(bytes).toBeGreaterThan(8000);
  expect(bytes / seconds).toBeLessThan(21_000);
});

test("a client that leaves ends the backend", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, throttleBytesPerSecond: 1000 });
  for (let i = 0; i < 40; i++) {
    const leave = new AbortController();
    const ask = () =>
      fetch(`${gateway.page}git/default/git-upload-pack`, {
        method: "POST",
        headers: v2,
        body: want(demo.commit),
        signal: leave.signal,
      });
    // More than run at once are allowed: each makes room for another.
    await eventually(async () => (await ask()).status === 200);
    leave.abort();
  }
}, 30_000);

test("an answer that is read after its backend has ended is whole", async () => {
  const git = new LocalGit(demo.gitDirectory, () => {});
  const answer = await git.ask({
    exchange: { repository: "default", request: "git-upload-pack" },
    headers: v2,
    body: Readable.from([Buffer.from(want(demo.commit))], { objectMode: false }),
    length: null,
    signal: new AbortController().signal,
  });
  if (answer instanceof Response) throw new Error(`status ${answer.status}`);
  await eventually(async () => git.running === 0);
  const said = await buffer(answer.body);
  // The packfile section: band 1 of pkt-lines, up to the flush (gitprotocol-v2).
  const pack: Buffer[] = [];
  let at = said.indexOf("000dpackfile\n") + 13;
  for (let size = 1; size > 0; at += Math.max(size, 4)) {
    size = Number.parseInt(said.toString("latin1", at, at + 4), 16);
    if (said[at + 4] === 1) pack.push(said.subarray(at + 5, at + size));
  }
  expect(at).toBe(said.length);
  const bytes = Buffer.concat(pack);
  expect(createHash("sha1").update(bytes.subarray(0, -20)).digest()).toEqual(bytes.subarray(-20));
});

/** A server that answers every request by `answer`. */
async function fakeRemote(answer: Parameters<typeof createServer>[1]): Promise<AsyncDisposable & { url: string }> {
  const server = createServer({}, answer as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

test("a relay forwards four headers, no cookies, no credentials", async () => {
  let seen: Record<string, unknown> = {};
  await using remote = await fakeRemote((incoming, outgoing) => {
    seen = { ...incoming.headers, method: incoming.method, url: incoming.url };
    outgoing.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement", "set-cookie": "a=b" });
    outgoing.end("001e# service=git-upload-pack\n0000");
  });
  await using gateway = await testGateway({ repository: `${remote.url}/r.git` });
  const answer = await fetch(`${gateway.page}git/default/info/refs?service=git-upload-pack&evil=1`, {
    headers: {
      "git-protocol": "version=2",
      cookie: "c=d",
      authorization: "Basic eDp5",
      referer: "http://secret/",
      accept: "x/y",
      "x-other": "1",
    },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("set-cookie")).toBeNull();
  const { host, connection, "user-agent": agent, ...rest } = seen;
  expect([host, connection, agent]).toEqual([remote.url.slice(7), "close", "opam-web-mirror"]);
  expect(rest).toEqual({
    method: "GET",
    url: "/r.git/info/refs?service=git-upload-pack",
    accept: "x/y",
    "accept-encoding": "identity",
    "git-protocol": "version=2",
  });
});

test.each<[number, Record<string, string>, number, string]>([
  [404, {}, 404, "remote-status"],
  [401, { "www-authenticate": 'Basic realm="x"' }, 401, "remote-auth"],
  [403, {}, 502, "remote-status"],
  [429, { "retry-after": "7" }, 502, "remote-status"],
  [500, {}, 502, "remote-status"],
  [200, { "content-type": "text/html" }, 502, "remote-not-git"],
  [302, { location: "ftp://x/" }, 502, "remote-status"],
  [302, { location: "/again/info/refs?service=git-upload-pack" }, 502, "remote-status"],
])("a remote's status %i %j becomes %i %s", async (status, headers, expected, code) => {
  await using remote = await fakeRemote((_incoming, outgoing) => outgoing.writeHead(status, headers).end("<script>"));
  await using gateway = await testGateway({ repository: `${remote.url}/r.git` });
  const answer = await fetch(`${gateway.page}git/default/info/refs?service=git-upload-pack`);
  expect(answer.status).toBe(expected);
  expect(await answer.json()).toMatchObject({ code });
  expect(answer.headers.get("www-authenticate")).toBe(headers["www-authenticate"] ?? null);
  expect(answer.headers.get("retry-after")).toBe(headers["retry-after"] ?? null);
});

test("a redirect of info/refs is remembered for upload-pack", async () => {
  const asked: string[] = [];
  await using remote = await fakeRemote((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (incoming.url?.startsWith("/old"))
      outgoing.writeHead(301, { location: "/new.git/info/refs?service=git-upload-pack" }).end();
    else
      outgoing
        .writeHead(200, {
          "content-type":
            incoming.method === "GET"
              ? "application/x-git-upload-pack-advertisement"
              : "application/x-git-upload-pack-result",
        })
        .end("0000");
  });
  await using gateway = await testGateway({ repository: `${remote.url}/old` });
  expect((await fetch(`${gateway.page}git/default/info/refs?service=git-upload-pack`)).status).toBe(200);
  expect(
    (await fetch(`${gateway.page}git/default/git-upload-pack`, { method: "POST", headers: v2, body: "0000" })).status,
  ).toBe(200);
  expect(asked).toEqual([
    "GET /old/info/refs?service=git-upload-pack",
    "GET /new.git/info/refs?service=git-upload-pack",
    "POST /new.git/git-upload-pack",
  ]);
});

test("a remote that breaks off in the middle is not made whole, and one that is gone is named", async () => {
  await using remote = await fakeRemote((_incoming, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/x-git-upload-pack-result" });
    outgoing.write("0008NAK\n", () => outgoing.socket?.destroy());
  });
  await using gateway = await testGateway({ repository: remote.url });
  const answer = await fetch(`${gateway.page}git/default/git-upload-pack`, {
    method: "POST",
    headers: v2,
    body: "0000",
  });
  await expect(answer.text()).rejects.toThrow();
  await remote[Symbol.asyncDispose]();
  const gone = await fetch(`${gateway.page}git/default/info/refs?service=git-upload-pack`);
  expect(gone.status).toBe(502);
  expect(await gone.json()).toMatchObject({ code: "remote-unreachable", data: { reason: "connection refused" } });
});
