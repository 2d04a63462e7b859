import { createCipheriv, createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Chromium, type Tab } from "../bench/chromium.ts";
import { type MemoryGrowth, watchMemory } from "../bench/process-memory.ts";
import { untilAtRest } from "../bench/rest.ts";
import { percentile } from "../bench/statistics.ts";
import { fastImport, initBare } from "../fixtures/fast-import.ts";
import { eventually } from "../support/eventually.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";

const megabyte = 1_000_000;
const size = 300 * megabyte;
const firstSize = 20 * megabyte;
/** Of the renderer, which is the page and the service worker together. */
const grownAtMost = 40 * megabyte;
const packages = 400;
const everyMs = 20;

interface Result {
  readonly bytes: number;
  readonly ms: number;
  readonly error: string | null;
  /** Of requests for package files meanwhile. */
  readonly latencies: number[];
  readonly failed: number;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;
/** Of the large archive, and of the first one that is read. */
let sha256: string;
let first: string;
/** A site whose service worker passes everything through. */
let bare: Server;

/** Bytes that do not compress, and are the same in every run. */
function* noise(size: number): Generator<Buffer> {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  const zeros = Buffer.alloc(megabyte);
  for (let at = 0; at < size; at += megabyte) yield cipher.update(zeros);
}

/** Puts such an archive into the cache; its sha256, and a section that lists it. */
async function archive(name: string, size: number): Promise<{ sha256: string; url: string }> {
  const digests = (["md5", "sha256", "sha512"] as const).map(
    (algorithm) => [algorithm, createHash(algorithm)] as const,
  );
  const hashed = function* () {
    for (const part of noise(size)) {
      for (const [, digest] of digests) digest.update(part);
      yield part;
    }
  };
  await pipeline(Readable.from(hashed(), { objectMode: false }), createWriteStream(folder.at(name)));
  const sums = digests.map(([algorithm, digest]) => [algorithm, digest.digest("hex")] as const);
  const sha256 = sums[1]![1];
  await mkdir(folder.at(`caches/sha256/${sha256.slice(0, 2)}`), { recursive: true });
  await rename(folder.at(name), folder.at(`caches/sha256/${sha256.slice(0, 2)}/${sha256}`));
  const listed = sums.map(([algorithm, hex]) => `"${algorithm}=${hex}"`).join(" ");
  return { sha256, url: `url {\n  src: "https://source.invalid/${name}.tgz"\n  checksum: [${listed}]\n}\n` };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const archives = [await archive("large", size), await archive("first", firstSize)];
  [sha256, first] = archives.map((one) => one.sha256) as [string, string];
  const changes = [
    { path: "repo", text: 'opam-version: "2.0"\n' },
    ...Array.from({ length: packages }, (_, i) => ({
      path: `packages/p${i}/p${i}.1/opam`,
      text: `opam-version: "2.0"\nsynopsis: "${"package ".repeat(100)}${i}"\n${archives[i]?.url ?? ""}`,
    })),
  ];
  await initBare(folder.at("r.git"), "master");
  await fastImport(folder.at("r.git"), [{ ref: "refs/heads/master", message: "m", date: 1_700_000_000, changes }]);
  bare = createServer(({ url = "" }, response) => {
    const script = 'self.addEventListener("fetch", (event) => event.respondWith(fetch(event.request)));';
    const claim = 'self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));';
    if (url === "/sw.js") response.writeHead(200, { "content-type": "text/javascript" }).end(script + claim);
    else if (url === "/archive") {
      response.writeHead(200, { "content-length": String(size), "cache-control": "no-store" });
      createReadStream(folder.at(`caches/sha256/${sha256.slice(0, 2)}/${sha256}`)).pipe(response);
    } else response.writeHead(200, { "content-type": "text/html" }).end("synopsis ".repeat(100));
  });
  await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
  gateway = await testGateway({ repository: folder.at("r.git"), upstreamCaches: [folder.at("caches")] });
  // The gateway hashes and copies it before its first byte: that is not what is measured.
  for (const one of archives) await (await fetch(`${gateway.page}gateway/archive/sha256/${one.sha256}`)).body?.cancel();
}, 120_000);

afterAll(async () => {
  bare?.closeAllConnections();
  bare?.close();
  await gateway?.close();
  await folder?.[Symbol.asyncDispose]();
});

/** Reads the archive to its end and forgets its bytes; asks for a package file every 20 ms meanwhile, and for `idleMs` when there is no archive. */
function read(tab: Tab, root: string, path: string | null, idleMs: number): Promise<Result> {
  return tab.evaluate(
    async (root, path, idleMs, packages, everyMs): Promise<Result> => {
      const latencies: number[] = [];
      let failed = 0;
      let going = true;
      const asking: Promise<void>[] = [];
      const ask = async (i: number) => {
        const begun = performance.now();
        const answer = await fetch(`${root}packages/p${i}/p${i}.1/opam`);
        const { length } = await answer.text();
        if (answer.status !== 200 || length < 800) failed++;
        latencies.push(performance.now() - begun);
      };
      const timer = setInterval(() => {
        if (going) asking.push(ask(asking.length % packages).catch(() => void failed++));
      }, everyMs);
      const begun = performance.now();
      let bytes = 0;
      let error: string | null = null;
      try {
        if (path === null) await new Promise((resolve) => setTimeout(resolve, idleMs));
        else {
          const response = await fetch(root + path);
          if (response.status !== 200) error = `${response.status} ${await response.text()}`;
          // Into one buffer, so that the page itself needs no memory.
          const reader = response.body!.getReader({ mode: "byob" });
          let step = await reader.read(new Uint8Array(256 * 1024));
          for (; !step.done; step = await reader.read(new Uint8Array(step.value.buffer))) bytes += step.value.length;
        }
      } catch (thrown) {
        error = String(thrown);
      }
      const ms = performance.now() - begun;
      going = false;
      clearInterval(timer);
      await Promise.all(asking);
      return { bytes, ms, error, latencies, failed };
    },
    root,
    path,
    idleMs,
    packages,
    everyMs,
  );
}

const figures = (title: string, { bytes, ms, latencies, failed }: Result, grown: MemoryGrowth | null) => {
  const memory =
    grown === null
      ? ""
      : `; renderer +${(grown.renderer / megabyte).toFixed(1)} MB, browser +${(grown.browser / megabyte).toFixed(1)} MB`;
  console.log(
    `${title}: ${bytes} bytes in ${ms.toFixed(0)} ms; ${latencies.length} package files, p50 ${percentile(latencies, 0.5).toFixed(1)}, p99 ${percentile(latencies, 0.99).toFixed(1)}, max ${Math.max(...latencies).toFixed(1)} ms, ${failed} failed${memory}`,
  );
};

/** Prints what reading the archive through a bare service worker takes. */
async function barely(): Promise<void> {
  const chromium = await Chromium.launch();
  try {
    const root = `http://localhost:${(bare.address() as AddressInfo).port}/`;
    const tab = await chromium.open(root);
    await tab.evaluate(async () => {
      await navigator.serviceWorker.register("/sw.js");
      await navigator.serviceWorker.ready;
      while (navigator.serviceWorker.controller === null) await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await read(tab, root, null, 3_000);
    await untilAtRest();
    const watched = watchMemory(chromium.pid);
    const result = await read(tab, root, "archive", 0);
    const grown = watched();
    figures("a bare service worker", result, grown);
  } finally {
    await chromium.close();
  }
}

describe("an archive of 300 MB in Chromium", () => {
  test("streams through the service worker within 40 MB of memory, from the network and from the store", async () => {
    await barely();
    const chromium = await Chromium.launch();
    try {
      const root = `${gateway.page}opam/default/`;
      const dashboard = await chromium.open(gateway.page);
      const known = () => globalThis.opamMirror?.status?.repositories[0]?.archives.known ?? 0;
      await eventually(async () => (await dashboard.evaluate(known)) === 2, 30_000);
      const tab = await chromium.open(`${gateway.page}healthz`);
      // Whatever is compiled and kept once is there.
      await read(tab, root, null, 3_000);
      await untilAtRest();
      const idle = await read(tab, root, null, 5_000);
      figures("idle", idle, null);
      const path = (hex: string) => `cache/sha256/${hex.slice(0, 2)}/${hex}`;
      const watched = watchMemory(chromium.pid);
      const begun = await read(tab, root, path(first), 0);
      const grown = watched();
      figures("a first archive", begun, grown);
      expect(grown.renderer).toBeLessThanOrEqual(grownAtMost);
      expect(begun).toMatchObject({ error: null, bytes: firstSize, failed: 0 });
      await untilAtRest();
      for (const from of ["the gateway", "the store"]) {
        const watched = watchMemory(chromium.pid);
        const result = await read(tab, root, path(sha256), 0);
        const grown = watched();
        figures(`from ${from}`, result, grown);
        expect(result).toMatchObject({ error: null, bytes: size, failed: 0 });
        expect(grown.renderer).toBeLessThanOrEqual(grownAtMost);
        const p99 = percentile(result.latencies, 0.99);
        expect(p99).toBeLessThanOrEqual(2 * percentile(idle.latencies, 0.99) + 10);
        await untilAtRest();
      }
      const kept = await tab.evaluate(
        async (root) => (await (await fetch(`${root}archives`)).json()) as { archives: { sha256: string }[] },
        root,
      );
      expect(kept.archives.map((one) => one.sha256).sort()).toEqual([first, sha256].sort());
    } finally {
      await chromium.close();
    }
  }, 300_000);
});
