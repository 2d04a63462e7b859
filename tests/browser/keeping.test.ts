import { type Browser, chromium } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBrowser } from "../../scripts/find-browser.mjs";
import type { Mirror } from "../../src/client/mirror.ts";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { temporaryFolder, testGateway } from "../support/gateway.ts";
import { heldCache } from "../support/serving/held-cache.ts";

declare global {
  var opamMirror: Mirror | undefined;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;
let browser: Browser;

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("demo"));
  browser = await chromium.launch({
    executablePath: findBrowser("chromium") ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
});
afterAll(async () => {
  await browser?.close();
  await folder?.[Symbol.asyncDispose]();
});

test("everything is kept: begun, paused, reloaded, resumed, done, verified, and served without the gateway", async () => {
  await using cache = await heldCache(demo.cacheDirectory, 5);
  const gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [cache.url] });
  const context = await browser.newContext();
  const page = await context.newPage();
  const status = () => page.evaluate(() => globalThis.opamMirror?.archives.status ?? null);
  await page.goto(`${gateway.page.replace("127.0.0.1", "localhost")}#/archives`);
  await page.getByRole("button", { name: "Keep everything" }).click({ timeout: 20_000 });
  await page.getByRole("heading", { name: "Downloading" }).waitFor({ timeout: 15_000 });
  await expect.poll(async () => (await status())?.stored, { timeout: 15_000 }).toBe(5);
  await expect.poll(async () => (await status())?.active.length, { timeout: 15_000 }).toBe(6);
  const { wanted } = (await status())!;
  expect(wanted).toBeGreaterThan(25);

  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("heading", { name: "Paused" }).waitFor({ timeout: 15_000 });
  await page.reload();
  await page.getByRole("heading", { name: "Paused" }).waitFor({ timeout: 20_000 });
  await expect.poll(async () => (await status())?.waiting, { timeout: 15_000 }).toBe(wanted - 5);
  expect(await status()).toMatchObject({ state: "paused", wanted, stored: 5, active: [], failures: [] });
  expect(cache.asked.length).toBe(11);

  cache.release();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect.poll(async () => (await status())?.state, { timeout: 30_000 }).toBe("idle");
  expect((await status())?.failures).toEqual([]);
  await page.getByRole("heading", { name: "Complete" }).waitFor({ timeout: 30_000 });
  expect(await status()).toMatchObject({ state: "idle", wanted, stored: wanted, waiting: 0, failures: [] });
  // What was under way when it was paused went on at the gateway, and was not fetched twice.
  expect(new Set(cache.asked).size).toBe(cache.asked.length);

  await page.getByRole("button", { name: "Verify all" }).click();
  await page.getByText(`${wanted} archives compared, and nothing has changed`).waitFor({ timeout: 15_000 });
  const listed = await page.evaluate(() => globalThis.opamMirror!.archives.list());
  expect(listed.filter(({ pinned }) => pinned)).toHaveLength(wanted);
  await gateway.close();
  const found = await page.evaluate(
    (paths) =>
      Promise.all(
        paths.map(async (path) => {
          const response = await fetch(new URL(`opam/default/cache${path}`, globalThis.opamMirror!.base));
          const bytes = (await response.arrayBuffer()).byteLength;
          return { status: response.status, source: response.headers.get("x-opam-source"), whole: bytes > 0 };
        }),
      ),
    cache.asked,
  );
  expect(found).toEqual(cache.asked.map(() => ({ status: 200, source: "store", whole: true })));
  await context.close();
}, 120_000);
