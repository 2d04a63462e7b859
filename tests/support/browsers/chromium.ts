import { type BrowserContext, type CDPSession, chromium, type Page } from "@playwright/test";
import { findBrowser } from "../../../scripts/find-browser.mjs";
import type { CdpSession, LaunchOptions, ScreenshotOptions, TestBrowser, TestPage } from "./browser.ts";
import { callResult, callSource, poll } from "./page-call.ts";
import { killTree } from "./process-tree.ts";
import { openProfile } from "./profile.ts";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** Chromium by Playwright, with a profile on disk: an incognito context would keep IndexedDB in memory. */
export async function launchChromium(options: LaunchOptions): Promise<TestBrowser> {
  const executablePath = findBrowser("chromium");
  if (executablePath === null) throw new Error("Chromium is not installed.");
  const profile = await openProfile("chromium", options.profile);
  const insecure = options.ignoreHttpsErrors === true;
  const context = await chromium.launchPersistentContext(profile.folder, {
    executablePath,
    headless: options.headless ?? true,
    // Playwright's own option covers documents only; the script of a service worker needs the flag.
    args: insecure ? [...flags, "--ignore-certificate-errors"] : flags,
    ...(options.backForwardCache && { ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
    ignoreHTTPSErrors: insecure,
    viewport: { width: 1280, height: 800 },
  });
  return new Chromium(context, profile.folder, profile.release);
}

class Chromium implements TestBrowser {
  readonly name = "chromium" as const;
  readonly version: string;
  readonly keepsProfile = true;
  readonly profile: string;
  readonly #context: BrowserContext;
  readonly #release: () => Promise<void>;

  constructor(context: BrowserContext, profile: string, release: () => Promise<void>) {
    this.#context = context;
    this.profile = profile;
    this.#release = release;
    this.version = context.browser()?.version() ?? "unknown";
  }

  async open(url: string): Promise<TestPage> {
    const page = await this.#context.newPage();
    const session = await this.#context.newCDPSession(page);
    await page.goto(url);
    return new ChromiumPage(page, session);
  }

  readonly stopServiceWorkers = async (): Promise<void> => {
    // The domain exists on pages only, but acts on the whole profile. The blank first tab always exists.
    const page = this.#context.pages()[0] ?? (await this.#context.newPage());
    const session = await this.#context.newCDPSession(page);
    try {
      const running = new Set<string>();
      let settle = (): void => {};
      session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
        for (const { versionId, runningStatus } of versions) {
          if (runningStatus === "stopped") running.delete(versionId);
          else running.add(versionId);
        }
        if (running.size === 0) settle();
      });
      // `enable` reports every version before it answers, `stopAllWorkers` answers before they have stopped.
      await session.send("ServiceWorker.enable");
      const stopped = new Promise<void>((resolve) => {
        settle = resolve;
      });
      await session.send("ServiceWorker.stopAllWorkers");
      if (running.size > 0) await stopped;
    } finally {
      await session.detach();
    }
  };

  readonly setOffline = (offline: boolean): Promise<void> => this.#context.setOffline(offline);

  async close(): Promise<void> {
    await this.#context.close();
    await this.#release();
  }

  async kill(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#context.once("close", () => resolve()));
    // Every process of this browser, and of no other, names the profile on its command line or descends from one.
    await killTree((commandLine) => commandLine.includes(`--user-data-dir=${this.profile}`));
    await closed;
  }
}

class ChromiumPage implements TestPage {
  readonly cdp: CdpSession;
  readonly #page: Page;
  readonly #session: CDPSession;

  constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
    const anyMethod = session as unknown as CdpSession;
    this.cdp = {
      send: (method, params) => anyMethod.send(method, params),
      on: (event, listener) => anyMethod.on(event, listener),
    };
  }

  async evaluate<A extends readonly unknown[], R>(fn: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    // Not Playwright's evaluate: it calls eval() in the page, which a content security policy forbids.
    const { result, exceptionDetails } = await this.#session.send("Runtime.evaluate", {
      expression: callSource(fn, args),
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return callResult(result.value) as R;
  }

  async goto(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  async screenshot(path: string, options: ScreenshotOptions = {}): Promise<void> {
    const before = this.#page.viewportSize();
    const { width = before?.width ?? 1280, height = before?.height ?? 800 } = options;
    await this.#page.setViewportSize({ width, height });
    await this.#page.emulateMedia({ colorScheme: options.colorScheme ?? null });
    await this.#page.screenshot({ path, animations: "disabled" });
    await this.#page.emulateMedia({ colorScheme: null });
    if (before) await this.#page.setViewportSize(before);
  }

  setViewport(width: number, height: number): Promise<void> {
    return this.#page.setViewportSize({ width, height });
  }

  waitFor(fn: () => unknown, timeoutMs: number): Promise<void> {
    return poll(() => this.evaluate(fn), fn.toString(), timeoutMs);
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}
