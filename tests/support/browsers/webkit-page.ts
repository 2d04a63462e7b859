import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ScreenshotOptions, TestPage } from "./browser.ts";
import { type InspectorSession, PageLeft } from "./inspector.ts";
import { callResult, callSource, poll } from "./page-call.ts";

/** What a page needs of its browser. */
export interface Tabs {
  open(width: number, height: number): Promise<InspectorSession>;
  close(session: InspectorSession): Promise<void>;
}

const loadTimeoutMs = 60_000;

export class WebKitPage implements TestPage {
  readonly #tabs: Tabs;
  #session: InspectorSession;
  #size: readonly [width: number, height: number];

  private constructor(tabs: Tabs, session: InspectorSession, width: number, height: number) {
    this.#tabs = tabs;
    this.#session = session;
    this.#size = [width, height];
  }

  static async open(tabs: Tabs, width: number, height: number): Promise<WebKitPage> {
    const session = await tabs.open(width, height);
    await session.send("Page.enable").catch(ignorePageLeft);
    return new WebKitPage(tabs, session, width, height);
  }

  async evaluate<A extends readonly unknown[], R>(fn: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    const started = await this.#session.send("Runtime.evaluate", {
      expression: callSource(fn, args),
      emulateUserGesture: true,
    });
    const promise = started.result as { objectId?: string; description?: string };
    if (started.wasThrown || promise.objectId === undefined)
      throw new Error(promise.description ?? "The page could not evaluate the function.");
    const settled = await this.#session.send("Runtime.awaitPromise", {
      promiseObjectId: promise.objectId,
      returnByValue: true,
    });
    // Not awaited: when the page has been left in the meantime there is nothing to release.
    this.#session.send("Runtime.releaseObject", { objectId: promise.objectId }).catch(() => {});
    return callResult((settled.result as { value?: unknown }).value) as R;
  }

  async goto(url: string): Promise<void> {
    await this.#load(url, () => this.#session.send("Page.navigate", { url }));
  }

  async reload(): Promise<void> {
    const url = await this.evaluate(() => location.href);
    await this.#load(url, () => this.#session.send("Page.reload"));
  }

  async screenshot(path: string, options: ScreenshotOptions = {}): Promise<void> {
    const [width, height] = [options.width ?? this.#size[0], options.height ?? this.#size[1]];
    const shot = await this.#session.send("Page.snapshotRect", {
      x: 0,
      y: 0,
      width,
      height,
      coordinateSystem: "Viewport",
    });
    await writeFile(path, Buffer.from(String(shot.dataURL).replace(/^data:image\/png;base64,/, ""), "base64"));
  }

  /** Loads the page anew in a tab of that size: WebKitGTK resizes no window that exists. */
  async setViewport(width: number, height: number): Promise<void> {
    const url = await this.evaluate(() => location.href);
    await this.close();
    this.#session = await this.#tabs.open(width, height);
    await this.#session.send("Page.enable").catch(ignorePageLeft);
    this.#size = [width, height];
    await this.goto(url);
  }

  waitFor(fn: () => unknown, timeoutMs: number): Promise<void> {
    return poll(() => this.evaluate(fn), fn.toString(), timeoutMs);
  }

  close(): Promise<void> {
    return this.#tabs.close(this.#session);
  }

  /**
   * The old document is marked, and the new one recognised by lacking the mark. The protocol's events do not do: a
   * navigation may move to another process, whose events are not subscribed to before it has begun.
   */
  async #load(url: string, start: () => Promise<unknown>): Promise<void> {
    await poll(
      () => this.evaluate(() => Object.assign(globalThis, { __old: true }) && true),
      "the old document",
      10_000,
    );
    const blank = url === "about:blank";
    const { stops } = this.#session;
    await start().catch(ignorePageLeft);
    const end = performance.now() + loadTimeoutMs;
    let restarted = false;
    for (let keptSince: number | null = null; ; await sleep(5)) {
      const state = await Promise.race([
        this.evaluate(documentState).catch(ignorePageLeft),
        sleep(1000, undefined, { ref: false }),
      ]);
      if (state?.failure && !blank) throw new Error(`${url} could not be loaded: ${state.failure}`);
      if (state?.loaded && (blank || !state.blank)) return;
      // A fresh tab moves its empty document to another process, and what was navigated to before that is forgotten.
      if (state?.loaded && !restarted) {
        restarted = true;
        await start().catch(ignorePageLeft);
      }
      // An address that is refused before any document (a certificate, say) leaves the old one in place.
      keptSince = (state?.old || state?.blank) && this.#session.stops > stops ? (keptSince ?? performance.now()) : null;
      if (keptSince !== null && performance.now() - keptSince > 500) throw new Error(`${url} could not be loaded.`);
      if (performance.now() > end) throw new Error(`${url} was not loaded within ${loadTimeoutMs} ms.`);
    }
  }
}

function documentState(): { old: boolean; blank: boolean; loaded: boolean; failure: string } {
  const old = "__old" in globalThis;
  const blank = location.href === "about:blank";
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const loaded = !old && document.readyState === "complete" && (navigation?.loadEventEnd ?? 1) > 0;
  // MiniBrowser's error page is about:blank with the reason as its text.
  return { old, blank, loaded, failure: loaded && blank ? document.body.textContent.trim() : "" };
}

function ignorePageLeft(error: unknown): undefined {
  if (!(error instanceof PageLeft)) throw error;
}
