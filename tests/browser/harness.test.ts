import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { checkUnless } from "../support/check-unless.ts";

const html = `<!doctype html><title>harness</title><style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>`;
const worker = `
  let answered = 0;
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    if (event.request.url.endsWith("/from-worker")) event.respondWith(new Response("worker " + ++answered));
  });`;

type Handler = Parameters<typeof createServer>[1];
const answer: Handler = (request, response) => {
  const [type, body] = request.url === "/sw.js" ? ["text/javascript", worker] : ["text/html", html];
  // A strict policy: the harness must not depend on eval() in the page.
  response.writeHead(request.url === "/from-worker" ? 404 : 200, {
    "Content-Type": type,
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'",
  });
  response.end(body);
};

async function listen(server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `${scheme}://localhost:${(server.address() as AddressInfo).port}/`;
}

async function register(page: TestPage): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/sw.js");
    if (navigator.serviceWorker.controller) return;
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
    );
  });
}

const fromWorker = async () => (await fetch("/from-worker")).text();

function putBlob(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("harness", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("blobs");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("blobs", "readwrite", { durability: "strict" });
      transaction.objectStore("blobs").put(new Blob([text]), "key");
      transaction.onabort = () => reject(transaction.error);
      transaction.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}

function getBlob(): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("harness", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("blobs");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = opening.result.transaction("blobs").objectStore("blobs").get("key");
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        opening.result.close();
        if (request.result instanceof Blob) request.result.text().then(resolve, reject);
        else resolve(null);
      };
    };
  });
}

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(answer);
  url = await listen(server, "http");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each(browserNames)("%s", (name) => {
  const missing = skipReason(name);
  let browser: TestBrowser;
  let page: TestPage;

  beforeAll(async () => {
    if (missing !== null) return;
    browser = await launch(name);
    page = await browser.open(url);
  });
  afterAll(() => browser?.close());

  const check = checkUnless(missing);

  check("names its version", async () => {
    expect(browser.version).toMatch(/^\d+\.\d+/);
  });

  check("evaluates functions, waits for promises, passes arguments and results", async () => {
    expect(await page.evaluate((a, b) => a.list[1]! + b, { list: [1, 2] }, 40)).toBe(42);
    const slow = async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return { waited: ms, text: "line\u2028\"'\\\n" };
    };
    expect(await page.evaluate(slow, 300)).toEqual({ waited: 300, text: "line\u2028\"'\\\n" });
    expect(await page.evaluate(() => undefined)).toBeUndefined();
  });

  check("throws what the page threw, with its message and name", async () => {
    const thrown = page.evaluate(async () => {
      await Promise.resolve();
      throw new RangeError("out of it");
    });
    await expect(thrown).rejects.toMatchObject({ message: "out of it", pageName: "RangeError" });
    await expect(page.evaluate(() => Promise.reject("plain text"))).rejects.toThrow("plain text");
  });

  check("a service worker answers fetches, also after a reload", async () => {
    await register(page);
    expect(await page.evaluate(fromWorker)).toMatch(/^worker \d+$/);
    await page.reload();
    await page.waitFor(() => navigator.serviceWorker.controller !== null, 5000);
    expect(await page.evaluate(fromWorker)).toMatch(/^worker \d+$/);
  });

  check("stopping service workers loses their globals and nothing else", async (context) => {
    if (browser.stopServiceWorkers === null) return context.skip(`${name} cannot be told to stop service workers`);
    await page.evaluate(fromWorker);
    const before = Number((await page.evaluate(fromWorker)).split(" ")[1]);
    expect(before).toBeGreaterThan(1);
    await browser.stopServiceWorkers();
    expect(await page.evaluate(fromWorker)).toBe("worker 1");
    await browser.stopServiceWorkers();
    expect(await page.evaluate(fromWorker)).toBe("worker 1");
  });

  check("stores Blobs in IndexedDB, shared by two tabs", async () => {
    await page.evaluate(putBlob, "content");
    const second = await browser.open(`${url}second`);
    try {
      expect(await second.evaluate(getBlob)).toBe("content");
      expect(await page.evaluate(() => location.pathname)).toBe("/");
      expect(await second.evaluate(() => location.pathname)).toBe("/second");
    } finally {
      await second.close();
    }
    expect(await page.evaluate(() => location.pathname)).toBe("/");
  });

  check("two tabs run at the same time: one waits for a message of the other", async () => {
    const second = await browser.open(`${url}second`);
    try {
      const heard = page.evaluate(
        () => new Promise<string>((resolve) => (new BroadcastChannel("tabs").onmessage = ({ data }) => resolve(data))),
      );
      let spoken = false;
      const speaking = (async () => {
        while (!spoken) await second.evaluate(() => new BroadcastChannel("tabs").postMessage("hello"));
      })();
      expect(await heard).toBe("hello");
      spoken = true;
      await speaking;
    } finally {
      await second.close();
    }
  });

  check("waits across a reload, and says what it waited for", async () => {
    await page.evaluate(() => void setTimeout(() => location.assign("/elsewhere"), 50));
    await page.waitFor(() => location.pathname === "/elsewhere", 5000);
    await expect(page.waitFor(() => document.title === "never", 200)).rejects.toThrow(/document\.title === .never/);
    await page.goto(url);
  });

  check("takes screenshots of the size asked for", async () => {
    await page.setViewport(800, 600);
    expect(await page.evaluate(() => [innerWidth, innerHeight])).toEqual([800, 600]);
    const path = join(browser.profile, "shot.png");
    await page.screenshot(path, { width: 360, height: 640 });
    const png = await readFile(path);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([360, 640]);
  });

  check("goes offline where that is possible, and the service worker still answers", async (context) => {
    if (browser.setOffline === null) return context.skip(`${name} cannot be told to go offline`);
    await browser.setOffline(true);
    expect(await page.evaluate(fromWorker)).toMatch(/^worker/);
    await expect(page.evaluate(() => fetch("/network").then(() => "reached"))).rejects.toThrow();
    await browser.setOffline(false);
    expect(await page.evaluate(() => fetch("/network").then(() => "reached"))).toBe("reached");
  });

  check("a named profile outlives the browser, closed or killed, as far as the browser keeps any", async () => {
    const profile = await mkdtemp(join(tmpdir(), "mirror-kept-"));
    try {
      for (const end of ["close", "kill"] as const) {
        const first = await launch(name, { profile });
        try {
          const tab = await first.open(url);
          await tab.evaluate(putBlob, end);
          await register(tab);
        } finally {
          await first[end]();
        }
        const second = await launch(name, { profile });
        let kept: string | null;
        let controlled: boolean;
        try {
          const again = await second.open(url);
          kept = await again.evaluate(getBlob);
          controlled = await again.evaluate(() => navigator.serviceWorker.controller !== null);
        } finally {
          await second.close();
        }
        expect({ end, kept, controlled }).toEqual({
          end,
          kept: first.keepsProfile ? end : null,
          controlled: first.keepsProfile,
        });
      }
    } finally {
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  });

  check("accepts a certificate signed by itself when told, for the service worker too", async () => {
    const secure = createSecureServer(selfSignedCertificate(), answer);
    const secureUrl = await listen(secure, "https");
    const careless = await launch(name, { ignoreHttpsErrors: true });
    try {
      const tab = await careless.open(secureUrl);
      expect(await tab.evaluate(() => isSecureContext && location.protocol)).toBe("https:");
      await register(tab);
      expect(await tab.evaluate(fromWorker)).toBe("worker 1");
      await expect(browser.open(secureUrl)).rejects.toThrow();
    } finally {
      await careless.close();
      secure.closeAllConnections();
      secure.close();
    }
  });

  check("WebKit's private mode refuses Blobs in IndexedDB, which the store must survive", async (context) => {
    if (name !== "webkit") return context.skip("a property of WebKit alone");
    const hidden = await launch(name, { privateMode: true });
    try {
      expect(hidden.keepsProfile).toBe(false);
      const tab = await hidden.open(url);
      await expect(tab.evaluate(putBlob, "content")).rejects.toThrow(/Blob/);
    } finally {
      await hidden.close();
    }
  });
});
