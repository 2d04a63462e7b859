import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { raw, temporaryFolder, testGateway } from "../support/gateway.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;
let appDirectory: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("demo"));
  appDirectory = folder.at("app");
  await mkdir(`${appDirectory}/assets`, { recursive: true });
  for (const [path, text] of [
    ["index.html", "<!doctype html>"],
    ["sw.js", "//"],
    ["assets/index-abc.js", "1"],
    ["manifest.webmanifest", "{}"],
    [".hidden", "no"],
  ] as const) {
    await writeFile(`${appDirectory}/${path}`, text);
  }
  await writeFile(folder.at("secret.js"), "secret");
});
afterAll(() => folder[Symbol.asyncDispose]());

test.each(["/", "/demo/"])("the app below %s", async (base) => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, base, appDirectory });
  const table: [string, string, string][] = [
    ["", "text/html; charset=utf-8", "no-cache"],
    ["index.html", "text/html; charset=utf-8", "no-cache"],
    ["sw.js", "text/javascript; charset=utf-8", "no-cache"],
    ["assets/index-abc.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
    ["manifest.webmanifest", "application/manifest+json", "no-cache"],
  ];
  for (const [path, type, cache] of table) {
    const answer = await fetch(gateway.page + path);
    expect([path, answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
      path,
      200,
      type,
      cache,
    ]);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    const etag = answer.headers.get("etag") ?? "";
    expect((await fetch(gateway.page + path, { headers: { "if-none-match": `"x", W/${etag}` } })).status).toBe(304);
    const head = await fetch(gateway.page + path, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, answer.headers.get("content-length")]);
    expect((await fetch(gateway.page + path, { method: "POST" })).status).toBe(405);
  }
  const policy = (await fetch(gateway.page)).headers.get("content-security-policy");
  expect(policy).toContain(
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' https://opam.ocaml.org;",
  );
});

test("the way to the base path", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, base: "/a/b", appDirectory });
  for (const path of ["/", "/a/b"]) {
    const answer = await fetch(gateway.url + path, { redirect: "manual" });
    expect([path, answer.status, answer.headers.get("location")]).toEqual([path, 302, "/a/b/"]);
  }
  for (const path of ["/a", "/a/", "/a/bc", "/sw.js", "/healthz", "/gateway/config.json"])
    expect([path, (await fetch(gateway.url + path)).status]).toEqual([path, 404]);
  expect((await fetch(`${gateway.page}healthz`)).status).toBe(200);
});

test("the configuration", async () => {
  await using gateway = await testGateway({
    repository: [`${demo.gitDirectory}#master`, `more=${demo.gitDirectory}`],
    origins: [{ name: "more", url: "https://o/" }],
  });
  const config = await (await fetch(`${gateway.page}gateway/config.json`)).json();
  expect(config).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    archives: true,
    repositories: [
      {
        name: "default",
        remote: demo.gitDirectory,
        gitUrl: "git/default",
        branch: "master",
        origins: ["https://opam.ocaml.org/"],
        upstream: false,
      },
      {
        name: "more",
        remote: demo.gitDirectory,
        gitUrl: "git/more",
        branch: null,
        origins: ["https://o/"],
        upstream: true,
      },
    ],
  });
});

test.each([
  "opam/default/repo",
  "gateway/",
  "gateway/x",
  "nothing.html",
  ".hidden",
  "assets/",
  "assets",
  "..%2fsecret.js",
  "%2e%2e/secret.js",
  "assets/..%2f..%2fsecret.js",
  "a%2f..%2f..%2fsecret.js",
])("%s does not exist", async (path) => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, appDirectory });
  const answer = await raw(gateway.url, `GET /${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 404 /);
  expect(answer).toContain("content-type: application/problem+json");
  expect(answer).not.toContain("secret.js\n");
});

test("hostile requests are refused and the process lives", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, appDirectory });
  const host = "Host: x\r\nConnection: close\r\n\r\n";
  const requests: [string, RegExp][] = [
    [`GET http://127.0.0.1:1/ HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET https://opam.ocaml.org/repo HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET //127.0.0.1/repo HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET /\\..\\secret HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET /%00 HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET /${"a".repeat(9000)} HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET /%zz HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET /%ff%fe HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`GET * HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`OPTIONS * HTTP/1.1\r\n${host}`, /^HTTP\/1.1 4\d\d /],
    [`CONNECT 127.0.0.1:22 HTTP/1.1\r\n${host}`, /^HTTP\/1.1 405 /],
    [`TRACE / HTTP/1.1\r\n${host}`, /^HTTP\/1.1 [45]\d\d /],
    [`GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n`, /^HTTP\/1.1 4\d\d /],
    [`GET / HTTP/1.1\r\n\r\n`, /^HTTP\/1.1 400 /],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
    ["GET / HTTP/9.9\r\n\r\n", /^HTTP\/1.1 400 /],
    ["\x16\x03\x01\x02\x00\x01\x00", /^(HTTP\/1.1 400 |$)/],
    [
      `POST /git/default/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1.1 400 /,
    ],
    [`GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n`, /^HTTP\/1.1 200 /],
    [`GET /healthz HTTP/1.0\r\n\r\n`, /^HTTP\/1.1 200 /],
  ];
  for (const [bytes, expected] of requests)
    expect([bytes.slice(0, 60), (await raw(gateway.url, bytes, 1000)).slice(0, 40)]).toEqual([
      bytes.slice(0, 60),
      expect.stringMatching(expected),
    ]);
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed;
  };
  const template =
    "GET /git/default/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\nConnection: close\r\n\r\n";
  await Promise.all(
    Array.from({ length: 150 }, () => {
      const bytes = Buffer.from(template);
      for (let flips = 1 + (random() % 4); flips > 0; flips--) bytes[random() % bytes.length] = random() % 256;
      return raw(gateway.url, bytes, 300);
    }),
  );
  expect((await fetch(`${gateway.page}healthz`)).status).toBe(200);
});

test("the upstream repository is relayed for the paths opam asks for", async () => {
  const asked: string[] = [];
  const server = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? "");
    if (incoming.url === "/o/slow") return;
    if (incoming.url?.startsWith("/o/packages/none")) outgoing.writeHead(404).end();
    else if (incoming.url === "/o/version") outgoing.writeHead(503).end();
    else if (incoming.url !== "/o/packages/stuck")
      outgoing.writeHead(200, { "content-type": "text/html", "set-cookie": "a=b" }).end("<script>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/o/`;
  await using gateway = await testGateway({
    repository: [demo.gitDirectory, `none=${demo.gitDirectory}`],
    origins: [{ name: "default", url }],
  });
  const at = `${gateway.page}gateway/upstream/`;
  const table: [string, number, string | undefined][] = [
    ["default/repo", 200, "/o/repo"],
    ["default/index.tar.gz", 200, "/o/index.tar.gz"],
    ["default/packages/a/a.1~rc+b/opam", 200, "/o/packages/a/a.1~rc%2Bb/opam"],
    ["default/packages/none", 404, "/o/packages/none"],
    ["default/version", 502, "/o/version"],
    ["default/packages/stuck", 502, "/o/packages/stuck"],
    ["default/packages", 404, undefined],
    ["default/packages/a//b", 404, undefined],
    ["default/packages/%2e%2e/x", 404, undefined],
    ["default/packages/a%2f..%2f..%2fx", 404, undefined],
    ["default/cache/md5/aa", 404, undefined],
    ["none/repo", 404, undefined],
    ["other/repo", 404, undefined],
  ];
  for (const [path, status, upstream] of table) {
    asked.length = 0;
    const answer = await fetch(at + path);
    expect([path, answer.status, asked[0]]).toEqual([path, status, upstream]);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.headers.get("content-type")).toBe(
      status === 200 ? "application/octet-stream" : "application/problem+json",
    );
    await answer.arrayBuffer();
  }
  server.close();
  server.closeAllConnections();
  expect((await fetch(`${at}default/repo`)).status).toBe(502);
});

test("what prevents a start is said in one sentence with a way out", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const port = Number(new URL(gateway.url).port);
  const table: [Parameters<typeof testGateway>[0], RegExp][] = [
    [{ repository: demo.gitDirectory, port }, /port \d+ of 127.0.0.1 is already in use.*--port/],
    [{ repository: demo.gitDirectory, host: "192.0.2.1" }, /192.0.2.1 is not an address of this machine.*--host/],
    [
      { repository: demo.gitDirectory, upstreamCaches: ["/does/not/exist"] },
      /--upstream-cache \/does\/not\/exist: there is no such folder/,
    ],
    [{ repository: demo.gitDirectory, upstreamCaches: [appDirectory] }, /none of the folders sha256, sha512, md5/],
    [
      { repository: demo.gitDirectory, tls: { certFile: "/nowhere", keyFile: "/nowhere" } },
      /--tls-cert \/nowhere: the file cannot be read/,
    ],
    [
      { repository: demo.gitDirectory, tls: { certFile: `${appDirectory}/sw.js`, keyFile: `${appDirectory}/sw.js` } },
      /--tls-cert and --tls-key cannot be used/,
    ],
    [{ repository: demo.gitDirectory, data: `${appDirectory}/sw.js` }, /cannot be written.*--data/],
  ];
  for (const [options, sentence] of table) await expect(testGateway(options)).rejects.toThrow(sentence);
});
