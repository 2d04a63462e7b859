import { missingBrowser } from "../../../scripts/find-browser.mjs";

export type BrowserName = "chromium" | "firefox" | "webkit";

/** In the order in which suites run them. */
export const browserNames: readonly BrowserName[] = ["chromium", "firefox", "webkit"];

export interface LaunchOptions {
  /**
   * A profile folder that the caller owns: it survives `close()`, so that a second launch finds what the first one
   * stored. Without it a fresh folder is made and removed.
   */
  readonly profile?: string;
  /** Accept certificates that no authority signed, for documents and for service worker scripts. */
  readonly ignoreHttpsErrors?: boolean;
  /** Default true. WebKit has no headless mode: it draws on a virtual display when there is no real one. */
  readonly headless?: boolean;
  /** Chromium only: keep pages that were left, as people's browsers do. Default false: it is switched off for automation. */
  readonly backForwardCache?: boolean;
  /** WebKit only: a private window's session. Nothing is kept, and IndexedDB refuses Blobs (but takes ArrayBuffers). */
  readonly privateMode?: boolean;
}

export interface TestBrowser {
  readonly name: BrowserName;
  readonly version: string;
  /** The folder of this browser's profile. */
  readonly profile: string;
  /** Whether a second launch with the same profile finds the databases and service workers of the first. */
  readonly keepsProfile: boolean;
  /** A new tab that has loaded `url`. */
  open(url: string): Promise<TestPage>;
  /** Stops all service workers without stopping the browser, as the browser does when they idle; null where impossible. */
  readonly stopServiceWorkers: (() => Promise<void>) | null;
  /** Cuts all network access of pages and workers, loopback included; null where impossible. */
  readonly setOffline: ((offline: boolean) => Promise<void>) | null;
  /** Closes the browser; removes the profile unless the caller named it. */
  close(): Promise<void>;
  /** As a crash: SIGKILL to all of the browser's processes, and the profile stays as it is. */
  kill(): Promise<void>;
}

export interface TestPage {
  /**
   * Calls `fn` in the page. It must not use anything outside itself; arguments and result travel as JSON.
   * @throws PageError with the page's message when `fn` throws or rejects.
   */
  evaluate<A extends readonly unknown[], R>(fn: (...args: A) => R | Promise<R>, ...args: A): Promise<R>;
  /** Resolves after the load event. */
  goto(url: string): Promise<void>;
  /** Resolves after the load event. */
  reload(): Promise<void>;
  /** A PNG of the viewport. Sizes are CSS pixels; `colorScheme` is honoured by Chromium only. */
  screenshot(path: string, options?: ScreenshotOptions): Promise<void>;
  /** In CSS pixels. WebKit loads the page anew for it: call it before the state that a test is about. */
  setViewport(width: number, height: number): Promise<void>;
  /** Polls `fn` in the page until it returns something truthy, across reloads. Rejects after `timeoutMs`. */
  waitFor(fn: () => unknown, timeoutMs: number): Promise<void>;
  close(): Promise<void>;
  /** A raw session of the Chrome DevTools Protocol for this page. Chromium only. */
  readonly cdp?: CdpSession;
}

export interface ScreenshotOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
}

export interface CdpSession {
  send(method: string, params?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  on(event: string, listener: (params: Record<string, unknown>) => void): void;
}

/** Starts a browser. @throws Error with the reason when the browser is not installed. */
export async function launch(name: BrowserName, options: LaunchOptions = {}): Promise<TestBrowser> {
  const missing = missingBrowser(name);
  if (missing !== null) throw new Error(missing);
  switch (name) {
    case "chromium":
      return (await import("./chromium.ts")).launchChromium(options);
    case "firefox":
      return (await import("./firefox.ts")).launchFirefox(options);
    case "webkit":
      return (await import("./webkit.ts")).launchWebKit(options);
  }
}

/**
 * Why tests for this browser cannot run here, or null. For `test.skipIf`, and for the note of `context.skip(note)`,
 * which `npm test` prints. Chromium is never skipped: without it the launch fails, and so does the suite.
 */
export function skipReason(name: BrowserName): string | null {
  return name === "chromium" ? null : missingBrowser(name);
}
