import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fastImport, initBare } from "../fixtures/fast-import.ts";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { checkUnless } from "../support/check-unless.ts";
import { eventually } from "../support/eventually.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { answersOf, statusOf } from "../support/serving/page-requests.ts";

const algorithms = ["md5", "sha256", "sha512"] as const;
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");
const pathOf = (algorithm: string, bytes: Uint8Array) => {
  const hex = hash(algorithm, bytes);
  return `cache/${algorithm}/${hex.slice(0, 2)}/${hex}`;
};
const lines = (bytes: Uint8Array) =>
  algorithms.map((algorithm) => `"${algorithm}=${hash(algorithm, bytes)}"`).join(" ");

/** Hosts that no name server knows: what comes from them comes from the mirror. */
const src = "https://src.invalid/download/a%20b-1.0.tar.gz?x=1";
const mirror = "https://mirror.invalid/a.tgz";
const patch = "https://src.invalid/fix.patch";
const unchecked = "https://src.invalid/unchecked.tgz";
/** No secure page may ask it. */
const plain = "http://src.invalid/plain.tgz";
const big = "https://src.invalid/big.tgz";

const archive = randomBytes(70_000);
const patched = randomBytes(900);
/** More than is kept in memory. */
const large = randomBytes(12_000_000);
const plainBytes = randomBytes(4_000);
/** Behind a server that only the browser may ask: the gateway asks no addresses of this machine. */
const direct = randomBytes(5_000);
const refused = randomBytes(5_000);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Server;
let nearby: string;
const asked: string[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  server = createServer(({ method, url = "" }, response) => {
    asked.push(`${method} ${url}`);
    if (url === "/direct.tgz") response.writeHead(200, { "access-control-allow-origin": "*" }).end(direct);
    else response.writeHead(200).end(refused);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  nearby = `http://localhost:${(server.address() as AddressInfo).port}`;
  for (const bytes of [archive, patched, large, plainBytes]) {
    const path = folder.at(`caches/${pathOf("sha256", bytes).slice("cache/".length)}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  const source = (section: string, url: string, bytes: Uint8Array, more = "") =>
    `${section} {\n  src: "${url}"\n${more}  checksum: [${lines(bytes)}]\n}\n`;
  const packages: Record<string, string> = {
    a: `${source("url", src, archive, `  mirrors: ["${mirror}"]\n`)}${source('extra-source "fix.patch"', patch, patched)}`,
    big: source("url", big, large),
    plain: source("url", plain, plainBytes),
    direct: source("url", `${nearby}/direct.tgz`, direct),
    refused: source("url", `${nearby}/refused.tgz`, refused),
    unchecked: `url {\n  src: "${unchecked}"\n}\n`,
  };
  const changes = [
    { path: "repo", text: 'opam-version: "2.0"\n' },
    ...Object.entries(packages).map(([name, text]) => ({
      path: `packages/${name}/${name}.1/opam`,
      text: `opam-version: "2.0"\n${text}`,
    })),
  ];
  await initBare(folder.at("r.git"), "master");
  const date = 1_700_000_000;
  await fastImport(folder.at("r.git"), [{ ref: "refs/heads/master", message: "archives", date, changes }]);
});

afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await folder?.[Symbol.asyncDispose]();
});

describe.each(browserNames)("%s", (name) => {
  const missing = skipReason(name);
  let gateway: TestGateway;
  let browser: TestBrowser;
  let dashboard: TestPage;
  /** In the scope, and without the app's own content security policy, as pages of others are. */
  let page: TestPage;
  let root: string;

  beforeAll(async () => {
    if (missing !== null) return;
    gateway = await testGateway({ repository: folder.at("r.git"), upstreamCaches: [folder.at("caches")] });
    root = `${gateway.page}opam/default/`;
    browser = await launch(name);
    dashboard = await browser.open(gateway.page);
    await dashboardReady(dashboard, 30_000);
    page = await browser.open(`${gateway.page}healthz`);
    // The archive index follows the snapshot.
    await eventually(async () => (await statusOf(page, root)).repositories[0]?.archives.known === 6, 10_000);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });

  /** In this order: each check starts from the state that the one before it leaves. */
  const check = checkUnless(missing);

  /** The answers to requests for those very URLs, all at once. */
  const fetchedTogether = (urls: readonly string[]) =>
    page.evaluate((urls) => {
      const answer = async (url: string) => {
        try {
          const response = await fetch(url, { cache: "no-store" });
          const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
          const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
          return `${response.status} ${response.headers.get("x-opam-source")} ${hex}`;
        } catch (error) {
          return (error as Error).name;
        }
      };
      return Promise.all(urls.map(answer));
    }, urls);
  const fetched = async (url: string) => (await fetchedTogether([url]))[0]!;
  const good = (bytes: Uint8Array) => new RegExp(`^200 (store|upstream) ${hash("sha256", bytes)}$`);

  check(
    "an archive comes by each of its checksums, and by the addresses that opam files name, however written",
    async () => {
      const byChecksum = await answersOf(
        page,
        root,
        algorithms.map((algorithm) => pathOf(algorithm, archive)),
      );
      for (const answer of byChecksum.values()) expect(answer).toMatch(good(archive));
      const written = ["https://SRC.invalid/download/x/../a%20b-1.0.tar.gz?x=1", `${mirror}#part`];
      for (const url of [src, ...written]) expect(await fetched(url)).toBe(`200 store ${hash("sha256", archive)}`);
      expect(await fetched(patch)).toMatch(good(patched));
    },
  );

  check("what no opam file names is left alone, and what has no checksum is refused", async () => {
    const statuses = await page.evaluate(
      (urls) =>
        Promise.all(
          urls.map((url) =>
            fetch(url).then(
              ({ status }) => status,
              (error: Error) => error.name,
            ),
          ),
        ),
      [unchecked, `${mirror}x`, "https://src.invalid/", "https://src.invalid/download/a%20b-1.0.tar.gz?x=2"],
    );
    expect(statuses).toEqual([403, "TypeError", "TypeError", "TypeError"]);
    const posted = page.evaluate((url) => fetch(url, { method: "POST" }).then(({ status }) => status), mirror);
    await expect(posted).rejects.toThrow();
  });

  check("a large archive is whole, also to many who ask at once", async () => {
    const digests = await page.evaluate(
      async (url, times) => {
        const responses = await Promise.all(Array.from({ length: times }, () => fetch(url)));
        return Promise.all(
          responses.map(async (response) => {
            const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
            return [...digest].map((b) => b.toString(16).padStart(2, "0")).join("");
          }),
        );
      },
      big,
      4,
    );
    expect(new Set(digests)).toEqual(new Set([hash("sha256", large)]));
    const part = await page.evaluate(async (url) => {
      const response = await fetch(url, { headers: { range: "bytes=9000000-9000009" } });
      return [response.status, ...new Uint8Array(await response.arrayBuffer())];
    }, root + pathOf("sha512", large));
    expect(part).toEqual([206, ...large.subarray(9_000_000, 9_000_010)]);
  });

  check("a host that lets browsers read is asked directly; of one that does not, the reason is told", async () => {
    asked.length = 0;
    // Fifty requests at once, by its checksums and its address, are one download.
    const ways = [...algorithms.map((algorithm) => root + pathOf(algorithm, direct)), `${nearby}/direct.tgz`];
    const many = await fetchedTogether(Array.from({ length: 50 }, (_, i) => ways[i % ways.length]!));
    expect(many.filter((answer) => !good(direct).test(answer))).toEqual([]);
    expect(many).toHaveLength(50);
    expect(asked).toEqual(["GET /direct.tgz"]);
    const told = await page.evaluate(async (url) => {
      const response = await fetch(url);
      return [response.status, ((await response.json()) as { data: { tried: string[] } }).data.tried.join("\n")];
    }, root + pathOf("sha256", refused));
    expect(told[0]).toBe(502);
    // The server sent nothing that forbids it for the first archive, and both come from one host.
    expect(told[1]).toContain("lets no other site read what it sends (CORS)");
    expect(asked.slice(1)).toEqual(["GET /refused.tgz", "HEAD /refused.tgz"]);
  });

  check(
    "all of it comes from the store when the server is gone, after the service worker was stopped too",
    async () => {
      await gateway.close();
      await browser.stopServiceWorkers?.();
      expect(await fetched(src)).toBe(`200 store ${hash("sha256", archive)}`);
      await browser.stopServiceWorkers?.();
      expect(await fetched(root + pathOf("md5", direct))).toBe(`200 store ${hash("sha256", direct)}`);
      expect(await fetched(patch)).toBe(`200 store ${hash("sha256", patched)}`);
      expect(await fetched(big)).toBe(`200 store ${hash("sha256", large)}`);
      await browser.stopServiceWorkers?.();
      expect(await fetched(`${mirror}x`)).toBe("TypeError");
    },
  );
});

describe("a secure page", () => {
  let gateway: TestGateway;
  let browser: TestBrowser;
  let page: TestPage;

  beforeAll(async () => {
    const { cert, key } = selfSignedCertificate();
    const tls = { certFile: folder.at("cert.pem"), keyFile: folder.at("key.pem") };
    await writeFile(tls.certFile, cert);
    await writeFile(tls.keyFile, key);
    gateway = await testGateway({ repository: folder.at("r.git"), upstreamCaches: [folder.at("caches")], tls });
    browser = await launch("chromium", { ignoreHttpsErrors: true });
    page = await browser.open(gateway.page);
    await dashboardReady(page, 30_000);
    const known = async () => (await statusOf(page, `${gateway.page}opam/default/`)).repositories[0]?.archives.known;
    await eventually(async () => (await known()) === 6, 10_000);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });

  test("gets archives of plain http by the mirror's own fetch, and everything else as ever", async () => {
    await expect(page.evaluate((url) => fetch(url).then(({ status }) => status), plain)).rejects.toThrow();
    const fetched = (url: string) =>
      page.evaluate(async (url) => {
        const response = await globalThis.opamMirror!.fetch(url);
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
        return `${response.status} ${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
      }, url);
    expect(await fetched(plain)).toBe(`200 ${hash("sha256", plainBytes)}`);
    expect(await fetched(src)).toBe(`200 ${hash("sha256", archive)}`);
    expect(await fetched(unchecked)).toMatch(/^403 /);
    expect(await fetched(`${gateway.page}healthz`)).toMatch(/^200 /);
    await expect(fetched("http://src.invalid/other.tgz")).rejects.toThrow();
  });

  test("whose policy blocks a public address is told what to add to it", async () => {
    expect(await page.evaluate(() => globalThis.opamMirror!.blocked)).toEqual([]);
    const told = await page.evaluate(async () => {
      const policy = document.createElement("meta");
      policy.httpEquiv = "Content-Security-Policy";
      policy.content = "connect-src 'self'";
      document.head.append(policy);
      const heard = new Promise((resolve) => globalThis.opamMirror!.onBlocked(resolve));
      await fetch("https://opam.ocaml.org/repo").catch(() => undefined);
      return heard;
    });
    expect(told).toEqual({ url: "https://opam.ocaml.org/repo", add: "connect-src https://opam.ocaml.org" });
    expect(await page.evaluate(() => globalThis.opamMirror!.blocked)).toEqual([told]);
  });
});
