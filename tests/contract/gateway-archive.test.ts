import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder, testGateway } from "../support/gateway.ts";
import { heldCache } from "../support/serving/held-cache.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;
const archive = Buffer.from("an archive, or at least its bytes");
const hex = (algorithm: string, bytes: Buffer = archive) => createHash(algorithm).update(bytes).digest("hex");

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("demo"));
});
afterAll(() => folder[Symbol.asyncDispose]());

async function put(cache: string, algorithm: string, name: string, bytes: Buffer): Promise<string> {
  const path = `${cache}/${algorithm}/${name.slice(0, 2)}/${name}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

test.each(["md5", "sha256", "sha512"])("a folder with only %s answers for every checksum", async (only) => {
  const cache = folder.at(`only-${only}`);
  await put(cache, only, hex(only), archive);
  await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [cache] });
  for (const algorithm of ["md5", "sha256", "sha512"]) {
    const answer = await fetch(`${gateway.page}gateway/archive/${algorithm}/${hex(algorithm)}`);
    expect([algorithm, answer.status]).toEqual([algorithm, 200]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox",
      "cross-origin-resource-policy": "cross-origin",
      "content-length": String(archive.length),
      etag: `"${hex("sha256")}"`,
      // What may be cached Chromium reads ahead of a service worker, into its memory.
      "cache-control": "no-store",
    });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(archive);
  }
});

test("HEAD and If-None-Match", async () => {
  await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [folder.at("only-md5")] });
  const url = `${gateway.page}gateway/archive/md5/${hex("md5")}`;
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, head.headers.get("etag"), await head.text()]).toEqual([200, `"${hex("sha256")}"`, ""]);
  expect((await fetch(url, { headers: { "if-none-match": head.headers.get("etag") ?? "" } })).status).toBe(304);
  expect((await fetch(url, { method: "POST" })).status).toBe(405);
});

test("wrong bytes are never served, whatever their name says", async () => {
  const cache = folder.at("wrong");
  await put(cache, "sha256", hex("sha256"), Buffer.from("something else"));
  await put(cache, "md5", hex("md5"), Buffer.concat([archive, Buffer.from("\0")]));
  await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [cache] });
  for (const algorithm of ["md5", "sha256", "sha512"]) {
    const answer = await fetch(`${gateway.page}gateway/archive/${algorithm}/${hex(algorithm)}`);
    expect([algorithm, answer.status]).toEqual([algorithm, 404]);
    expect(await answer.json()).toMatchObject({ code: "archive-unavailable" });
  }
  expect(gateway.logged.join("\n")).toContain("do not match");
});

test.each([
  "sha256/xyz",
  "sha256/",
  `md5/${"A".repeat(32)}`,
  `sha1/${"a".repeat(40)}`,
  `sha256/${"a".repeat(63)}`,
  "sha256/..%2f..%2fetc%2fpasswd",
  "http:%2f%2fx/y",
])("%s is no checksum", async (path) => {
  await using gateway = await testGateway({ repository: demo.gitDirectory });
  const answer = await fetch(`${gateway.page}gateway/archive/${path}`);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(405);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

async function cacheServer(
  answer: (path: string) => { status?: number; headers?: Record<string, string>; body: Buffer; cut?: boolean } | null,
): Promise<AsyncDisposable & { url: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    asked.push(incoming.url ?? "");
    const given = answer(incoming.url ?? "");
    if (given === null) outgoing.writeHead(404).end();
    else {
      outgoing.writeHead(given.status ?? 200, given.headers);
      if (given.cut) outgoing.write(given.body, () => outgoing.socket?.destroy());
      else outgoing.end(given.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cache`,
    asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test("an upstream cache is asked by checksum, once, and its bytes are kept", async () => {
  await using upstream = await cacheServer((path) =>
    path === `/cache/md5/${hex("md5").slice(0, 2)}/${hex("md5")}` ? { body: archive } : null,
  );
  const data = folder.at("data");
  const url = `gateway/archive/md5/${hex("md5")}`;
  {
    await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [upstream.url], data });
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(gateway.page + url)));
    for (const answer of answers) expect(Buffer.from(await answer.arrayBuffer())).toEqual(archive);
    expect(upstream.asked.length).toBe(1);
  }
  await using again = await testGateway({ repository: demo.gitDirectory, data });
  expect((await fetch(again.page + url)).status).toBe(200);
  expect(await readdir(data)).toEqual(["archives"]);
  expect(await readdir(`${data}/archives/pending`)).toEqual([]);
});

test.each<[string, { status?: number; headers?: Record<string, string>; body: Buffer; cut?: boolean }]>([
  ["one byte more", { body: Buffer.concat([archive, Buffer.from("x")]) }],
  ["one byte less", { body: archive.subarray(1) }],
  ["a cut body", { headers: { "content-length": String(archive.length) }, body: archive.subarray(0, 9), cut: true }],
  ["an error page", { status: 500, body: archive }],
])("%s from upstream is a 404, then asked no more for a while", async (_what, given) => {
  await using upstream = await cacheServer(() => given);
  await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [upstream.url] });
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(`${gateway.page}gateway/archive/sha256/${hex("sha256")}`);
    expect(answer.status).toBe(404);
    const problem = (await answer.json()) as { code: string; data: { tried: string[] } };
    expect(problem.code).toBe("archive-unavailable");
    expect(problem.data.tried[0]).toContain(new URL(upstream.url).host);
  }
  // Of what broke off the rest may have been asked for, at once.
  expect(upstream.asked.length).toBeLessThanOrEqual(given.cut ? 2 : 1);
});

test("bytes with a Content-Encoding are taken as they are on the wire", async () => {
  const zipped = gzipSync(archive);
  await using upstream = await cacheServer(() => ({ headers: { "content-encoding": "gzip" }, body: zipped }));
  await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [upstream.url] });
  const answer = await fetch(`${gateway.page}gateway/archive/sha256/${hex("sha256", zipped)}`);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(zipped);
});

test("files added to a folder are found, removed ones are not invented, and what was asked for is kept", async () => {
  const cache = folder.at("moving");
  await cp(folder.at("only-sha256"), cache, { recursive: true });
  const data = folder.at("moved");
  const [more, gone] = [Buffer.from("more"), Buffer.from("gone")];
  const address = (bytes: Buffer) => `gateway/archive/sha512/${hex("sha512", bytes)}`;
  {
    await using gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [cache], data });
    for (const bytes of [more, gone]) await put(cache, "sha256", hex("sha256", bytes), bytes);
    expect((await fetch(gateway.page + address(more))).status).toBe(200);
    await rm(cache, { recursive: true });
    expect((await fetch(gateway.page + address(gone))).status).toBe(404);
    expect((await fetch(gateway.page + address(more))).status).toBe(200);
  }
  await using gateway = await testGateway({ repository: demo.gitDirectory, data });
  const kept = await fetch(gateway.page + address(more));
  expect(Buffer.from(await kept.arrayBuffer())).toEqual(more);
});

test("a flipped byte in the store is never delivered, and mended where the archive can be had again", async () => {
  await using upstream = await cacheServer((path) => (path.endsWith(hex("sha256")) ? { body: archive } : null));
  const data = folder.at("flipped");
  const options = { repository: demo.gitDirectory, data };
  const url = `gateway/archive/sha256/${hex("sha256")}`;
  const stored = `${data}/archives/sha256/${hex("sha256").slice(0, 2)}/${hex("sha256")}`;
  const flip = async () => {
    const bytes = await readFile(stored);
    bytes[7]! ^= 1;
    await writeFile(stored, bytes);
  };
  {
    await using gateway = await testGateway({ ...options, upstreamCaches: [upstream.url] });
    expect((await fetch(gateway.page + url)).status).toBe(200);
    await flip();
    const answer = await fetch(gateway.page + url);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(archive);
    expect(upstream.asked.length).toBe(2);
    expect(await readFile(stored)).toEqual(archive);
    expect(gateway.logged.join("\n")).toContain("its bytes do not match");
  }
  await flip();
  await using alone = await testGateway(options);
  for (const algorithm of ["md5", "sha256", "sha512"]) {
    const answer = await fetch(`${alone.page}gateway/archive/${algorithm}/${hex(algorithm)}`);
    expect([algorithm, answer.status]).toEqual([algorithm, 404]);
  }
});

test("every archive of the demo repository is served by the checksums of its opam file", async () => {
  await using gateway = await testGateway({
    defaultRemote: { name: null, url: "http://127.0.0.1:9/none.git", branch: null },
  });
  expect(gateway.config.repositories[0]?.notice).toContain("http://127.0.0.1:9/none.git could not be reached");
  const { cacheDirectory } = demo;
  for (const algorithm of ["md5", "sha256", "sha512"]) {
    for (const prefix of await readdir(`${cacheDirectory}/${algorithm}`)) {
      for (const name of await readdir(`${cacheDirectory}/${algorithm}/${prefix}`)) {
        const answer = await fetch(`${gateway.page}gateway/archive/${algorithm}/${name}`);
        expect([name, answer.status]).toEqual([name, 200]);
        expect(hex(algorithm, Buffer.from(await answer.arrayBuffer()))).toBe(name);
      }
    }
  }
  expect(await readFile(`${demo.gitDirectory}/HEAD`, "utf8")).toBe("ref: refs/heads/master\n");
});

test("one that takes long to fetch is 503 until it is here, and is fetched once", async () => {
  const cache = folder.at("slow");
  await put(cache, "sha256", hex("sha256"), archive);
  await using held = await heldCache(cache, 0);
  await using gateway = await testGateway({
    repository: demo.gitDirectory,
    upstreamCaches: [held.url],
    archiveAnswerMs: 150,
  });
  const url = `${gateway.page}gateway/archive/sha256/${hex("sha256")}`;
  for (let i = 0; i < 2; i++) {
    const busy = await fetch(url);
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await busy.json()).toMatchObject({ code: "not-ready" });
  }
  held.release();
  await eventually(async () => {
    const answer = await fetch(url);
    const bytes = Buffer.from(await answer.arrayBuffer());
    return answer.status === 200 && bytes.equals(archive);
  });
  expect(held.asked).toHaveLength(1);
});
