import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, launch, type Page } from "puppeteer-core";
import { findBrowser } from "../../../scripts/find-browser.mjs";
import type { LaunchOptions, ScreenshotOptions, TestBrowser, TestPage } from "./browser.ts";
import { callResult, callSource, poll } from "./page-call.ts";
import { killTree } from "./process-tree.ts";
import { openProfile } from "./profile.ts";

/** What differs from an ordinary profile: background tabs keep their timers, and the browser talks to nobody by itself. */
const preferences: Record<string, string | number | boolean> = {
  "dom.min_background_timeout_value": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
};

/** Firefox by puppeteer over WebDriver BiDi: the Firefox that the system has, unpatched. */
export async function launchFirefox(options: LaunchOptions): Promise<TestBrowser> {
  const executablePath = findBrowser("firefox");
  if (executablePath === null) throw new Error("Firefox is not installed.");
  const profile = await openProfile("firefox", options.profile);
  // Given a profile of ours, puppeteer would write its preferences and put the old ones back at the end.
  await writeFile(
    join(profile.folder, "user.js"),
    Object.entries(preferences)
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(""),
  );
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: options.headless ?? true,
    userDataDir: profile.folder,
    acceptInsecureCerts: options.ignoreHttpsErrors === true,
    extraPrefsFirefox: preferences,
    defaultViewport: { width: 1280, height: 800 },
  });
  return new Firefox(browser, await browser.version(), profile.folder, profile.release);
}

class Firefox implements TestBrowser {
  readonly name = "firefox" as const;
  readonly keepsProfile = true;
  /** BiDi has no command for it. */
  readonly stopServiceWorkers = null;
  readonly setOffline = null;
  readonly version: string;
  readonly profile: string;
  readonly #browser: Browser;
  readonly #release: () => Promise<void>;

  constructor(browser: Browser, version: string, profile: string, release: () => Promise<void>) {
    this.#browser = browser;
    this.version = version.replace(/^firefox\//i, "");
    this.profile = profile;
    this.#release = release;
  }

  async open(url: string): Promise<TestPage> {
    const page = await this.#browser.newPage();
    await page.goto(url);
    return new FirefoxPage(page);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#release();
  }

  async kill(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#browser.process()?.once("exit", () => resolve()) ?? resolve());
    await killTree((commandLine) => commandLine.includes(this.profile));
    await ended;
  }
}

class FirefoxPage implements TestPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async evaluate<A extends readonly unknown[], R>(fn: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    return callResult(await this.#page.evaluate(callSource(fn, args))) as R;
  }

  async goto(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  async screenshot(path: string, options: ScreenshotOptions = {}): Promise<void> {
    const before = this.#page.viewport() ?? { width: 1280, height: 800 };
    await this.#page.setViewport({ width: options.width ?? before.width, height: options.height ?? before.height });
    await writeFile(path, await this.#page.screenshot({ type: "png" }));
    await this.#page.setViewport(before);
  }

  setViewport(width: number, height: number): Promise<void> {
    return this.#page.setViewport({ width, height });
  }

  waitFor(fn: () => unknown, timeoutMs: number): Promise<void> {
    return poll(() => this.evaluate(fn), fn.toString(), timeoutMs);
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}
