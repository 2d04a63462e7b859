import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "@playwright/test";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findBrowser } from "../../scripts/find-browser.mjs";
import { type PreviewSite, previewSite } from "../support/dashboard-preview/preview-site.ts";
import type { FakeMirror } from "../support/fake-mirror.ts";

declare global {
  var fake: FakeMirror;
  var scenarios: typeof import("../support/dashboard-preview/scenarios.ts").scenarios;
}

let folder: string;
let site: PreviewSite;
let browser: Browser;
let page: Page;
let complaints: string[] = [];
let hosts = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dashboard-"));
  site = await previewSite(folder);
  browser = await chromium.launch({
    executablePath: findBrowser("chromium") ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await rm(folder, { recursive: true, force: true });
});

afterEach(() => page?.context().close());

async function open(query: string, viewport = { width: 1280, height: 800 }): Promise<void> {
  complaints = [];
  hosts = new Set();
  page = await (await browser.newContext({ viewport })).newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("status of 404")) complaints.push(message.text());
  });
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await page.goto(site.address + query);
  await page.waitForSelector("#main");
}

describe("the dashboard", () => {
  it.each(["ready", "cloning", "updating", "empty", "failed", "stale", "several", "starting", "unsupported"])(
    "draws %s at 360 px and 1280 px without overflow, inline code, errors or requests to other hosts",
    async (scenario) => {
      for (const width of [360, 1280]) {
        await open(`?scenario=${scenario}`, { width, height: 740 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        expect(complaints).toEqual([]);
        expect([...hosts]).toEqual([new URL(site.address).host]);
        await page.context().close();
      }
    },
    30_000,
  );

  it.each(["nothing", "downloading", "paused"])("draws archives, %s, at 360 px and 1280 px", async (keeping) => {
    for (const width of [360, 1280]) {
      await open(`?scenario=several&keeping=${keeping}&problems#/archives`, { width, height: 740 });
      await page.getByRole("heading", { name: "What is kept" }).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it("takes orders about archives by keyboard alone", async () => {
    await open("?scenario=ready&keeping=downloading&problems#/archives");
    await page.getByRole("button", { name: "Pause" }).press("Enter");
    await page.getByRole("heading", { name: "Paused" }).waitFor();
    expect(await page.getByRole("button", { name: "Resume" }).isEnabled()).toBe(true);
    await page.getByLabel("Packages").fill("zarith, lwt.5.7.0");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Release dune" }).press("Space");
    await page.getByLabel("At most, in GB (empty: no limit)").fill("2.5");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Try again" }).press("Enter");
    await page.getByRole("button", { name: "Verify all" }).press("Enter");
    await page.getByText("60 Not an archive").press("Enter");
    expect(await page.getByText("and 10 more in the file").isVisible()).toBe(true);
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save as JSON" }).press("Enter");
    expect((await saved).suggestedFilename()).toBe("problems-default-97014be616.json");
    expect(await page.evaluate(() => globalThis.fake.calls)).toEqual([
      "pause",
      "keep default: zarith lwt.5.7.0",
      "release default: dune",
      "limit 2500000000",
      "retry",
      "verify",
    ]);
    expect(complaints).toEqual([]);
  });

  it("says what it shows: landmarks, headings, progress", async () => {
    await open("?scenario=cloning");
    expect(await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allTextContents()).toEqual([
      "Mirror",
      "Archives",
      "Fetch",
      "Availability",
      "About",
    ]);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("opam mirror");
    const bar = page.getByRole("progressbar", { name: "default" });
    expect(await bar.getAttribute("aria-valuetext")).toBe("Receiving objects, 28,411 of 42,156 objects, 7.42\u00a0MB");
    expect(await page.getByRole("button", { name: "Syncing…" }).isDisabled()).toBe(true);
    expect(await page.title()).toBe("45 % Cloning – opam mirror");
  });

  it("announces a change of state once, and follows it", async () => {
    await open("?scenario=cloning");
    await page.evaluate(() => globalThis.fake.set(globalThis.scenarios.ready!));
    await page.getByText("default: ready, 4,596 packages in 18,793 versions.").waitFor({ state: "attached" });
    expect(await page.locator("[data-repository=default] time").first().getAttribute("datetime")).toBe(
      "2026-08-27T09:41:12Z",
    );
  });

  it("updates by button and by key, but not while somebody types or has switched keys off", async () => {
    await open("?scenario=ready");
    await page.getByRole("button", { name: "Update default" }).click();
    await page.keyboard.press("u");
    await page.keyboard.press("Control+u");
    expect(await page.evaluate(() => globalThis.fake.calls)).toEqual(["update default", "update *"]);
    await page.keyboard.press("/");
    await page.getByRole("textbox").or(page.getByRole("combobox")).first().focus();
    await page.keyboard.press("u");
    await page.getByLabel("Keyboard shortcuts").uncheck();
    await page.getByRole("link", { name: "About", exact: true }).focus();
    await page.keyboard.press("u");
    expect(await page.evaluate(() => globalThis.fake.calls.length)).toBe(2);
  });

  it("fetches a path through the base and shows markup as text", async () => {
    await open("?scenario=ready&here#/fetch/packages%2Fx");
    await page.keyboard.press("Enter");
    await page.locator(".answer").waitFor();
    expect(await page.locator(".answer-code").textContent()).toBe("404");
    expect(await page.locator(".request-line").textContent()).toBe(`GET ${site.address}opam/default/packages/x`);
    expect(await page.locator("pre.body").textContent()).toContain("<b>packages/x</b>");
    expect(await page.locator("pre.body b").count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.getByLabel("Headers only").check();
    await page.getByRole("button", { name: "Fetch", exact: true }).click();
    await page.getByText("none (HEAD)").waitFor();
  });

  it("lists what the latest updates changed, names on demand, and follows the commit", async () => {
    await open("?scenario=ready&updates", { width: 360, height: 740 });
    const section = page.getByRole("region", { name: "Last updates" });
    await section.waitFor();
    const figures = () => section.getByRole("img").evaluateAll((all) => all.map((one) => one.textContent));
    expect(await figures()).toEqual(["+5~3−0", "+0~0−0", "+1,204~1−7"]);
    expect(await section.getByRole("img").first().getAttribute("aria-label")).toBe("5 added, 3 changed, 0 removed");
    expect(await section.getByText("conf-libssl.3.0").isVisible()).toBe(false);
    await section.locator("summary").first().click();
    expect(await section.getByText("conf-libssl.3.0").isVisible()).toBe(true);
    expect(await section.getByText("dune.2.0").isVisible()).toBe(true);
    await section.locator("summary").nth(1).click();
    expect(await section.getByText("and 1,104 more versions").isVisible()).toBe(true);
    await section.getByText("2 earlier").click();
    expect(await figures()).toHaveLength(5);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    // Another commit: the list is asked for again.
    await page.evaluate(() => {
      const { fake, scenarios } = globalThis;
      const asked = { count: 0 };
      const updates = fake.updates.bind(fake);
      fake.updates = async (name) => {
        asked.count++;
        return { ...(await updates(name)), updates: (await updates(name)).updates.slice(4) };
      };
      const [ready] = scenarios.ready!.repositories;
      const next = { ...scenarios.ready!, repositories: [{ ...ready!, commit: "f".repeat(40) }] };
      for (let i = 0; i < 5; i++) fake.set(next);
      Object.assign(globalThis, { asked });
    });
    await section.getByText("2 earlier").waitFor({ state: "detached" });
    expect(await figures()).toEqual(["+0~2−1"]);
    expect(await page.evaluate(() => (globalThis as unknown as { asked: { count: number } }).asked.count)).toBe(1);
    expect(complaints).toEqual([]);
  });

  it("offers a new version and waits to be asked", async () => {
    await open("?scenario=ready&update");
    await page.getByText("A new version is ready.").waitFor();
    expect(await page.evaluate(() => globalThis.fake.calls)).toEqual([]);
    await page.getByRole("button", { name: "Later" }).click();
    expect(await page.getByText("A new version is ready.").count()).toBe(0);
  });

  it("remembers the theme, and has it before the first paint", async () => {
    await open("?scenario=ready");
    await page.getByRole("button", { name: /^Theme: as the system/ }).click();
    await page.getByRole("button", { name: /^Theme: light/ }).click();
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await paper()).toBe("rgb(11, 21, 21)");
    await page.route("**/assets/*.js", (route) => route.abort());
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
  });

  it("moves the focus with the page, and skips to the content without leaving it", async () => {
    await open("?scenario=ready");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => [document.activeElement?.id, location.hash])).toEqual(["main", ""]);
    await page.getByRole("link", { name: "About", exact: true }).click();
    await page.getByRole("heading", { name: "A mirror that lives in a browser" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
  });

  it("says when the network is gone", async () => {
    await open("?scenario=ready");
    await page.context().setOffline(true);
    await page.getByText("Files answer from this browser as before").waitFor();
  });
});
