import { type Browser, chromium } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBrowser } from "../../scripts/find-browser.mjs";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";

let site: MirrorSite;
let browser: Browser;

beforeAll(async () => {
  site = await mirrorSite({ repository: await makeOpamRepository({ versions: 1000, seed: 3, commits: 3 }) });
  browser = await chromium.launch({
    executablePath: findBrowser("chromium") ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

// On a busy machine the service worker's store can be later than the status may wait: the first answer then names nothing.
test.each([1, 5])("a status that names no repository, %i times, does not stay on the dashboard", async (times) => {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript((left) => {
    const real = globalThis.fetch;
    let empty = left;
    globalThis.fetch = async (...given) => {
      const response = await real(...given);
      if (!String(given[0]).endsWith("/status") || !response.ok || empty-- <= 0) return response;
      return Response.json({ ...(await response.json()), repositories: [] });
    };
  }, times);
  await page.goto(site.url);
  await page.locator("[data-repository=default]").waitFor({ timeout: 15_000 });
  await page.locator("[data-repository=default][data-state=ready]").waitFor({ timeout: 15_000 });
  expect(await page.getByText("No repository is configured").count()).toBe(0);
  await page.context().close();
});
