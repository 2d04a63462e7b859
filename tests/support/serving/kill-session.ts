import { rm } from "node:fs/promises";
import { launch, type TestBrowser, type TestPage } from "../browsers/browser.ts";
import { openProfile, type Profile } from "../browsers/profile.ts";
import type { KillReply, KillWorker, Stop } from "./kill-steps.ts";

/** How a sync may end without being asked. */
export const endings = ["worker terminated", "tab closed", "renderer crashed", "browser killed"] as const;
export type Ending = (typeof endings)[number];

/** What the page keeps between two calls. */
interface PageState {
  leads: Promise<true>;
  worker?: Worker;
  calls: number;
  reached: string[];
  waiting: Map<number, (reply: Extract<KillReply, { id: number }>) => void>;
}

/** A Chromium with a profile on disk, and one page on the mirror's origin that runs the worker of tests. */
export class KillSession {
  readonly #profile: Profile;
  readonly #url: string;
  #browser: TestBrowser;
  page: TestPage;

  private constructor(profile: Profile, url: string, browser: TestBrowser, page: TestPage) {
    this.#profile = profile;
    this.#url = url;
    this.#browser = browser;
    this.page = page;
  }

  static async open(url: string): Promise<KillSession> {
    const profile = await openProfile("chromium", undefined);
    const browser = await launch("chromium", { profile: profile.folder });
    return new KillSession(profile, url, browser, await openLeading(browser, url));
  }

  /** Calls the page's worker, and starts one where none runs. */
  async call<M extends keyof KillWorker>(
    method: M,
    ...args: Parameters<KillWorker[M]>
  ): Promise<Awaited<ReturnType<KillWorker[M]>>> {
    const reply = await this.page.evaluate(callWorker, method, args as readonly unknown[]);
    if ("error" in reply) throw new Error(`${method}: ${reply.error}`);
    return reply.value as Awaited<ReturnType<KillWorker[M]>>;
  }

  /** Starts a sync and resolves when it has come to `stop` and stands still there. */
  async syncUntil(stop: Stop): Promise<void> {
    const ended = this.call("sync", stop).then(
      ({ error, steps }) => Promise.reject(new Error(`not held (${error}): ${steps.join(", ")}`)),
      // The page goes away with the call; that is the point.
      (thrown: unknown) => (held ? undefined : Promise.reject(thrown)),
    );
    let held = false;
    const reached = this.page
      .waitFor(() => (globalThis as unknown as PageState).reached.length > 0, 20_000)
      .then(() => {
        held = true;
      });
    await Promise.race([reached, ended]);
    ended.catch(() => undefined);
  }

  /** Ends what runs, and opens what is needed to go on. */
  async end(ending: Ending): Promise<void> {
    switch (ending) {
      case "worker terminated":
        await this.page.evaluate(() => {
          const state = globalThis as unknown as PageState;
          state.worker?.terminate();
          delete state.worker;
        });
        return;
      case "tab closed":
        await this.page.close();
        break;
      case "renderer crashed": {
        const { page } = this;
        await page.cdp!.send("Inspector.enable");
        const crashed = new Promise<void>((resolve) => page.cdp!.on("Inspector.targetCrashed", () => resolve()));
        // It is not answered.
        page.cdp!.send("Page.crash").catch(() => undefined);
        await crashed;
        await page.close();
        break;
      }
      case "browser killed":
        await this.#browser.kill();
        this.#browser = await launch("chromium", { profile: this.#profile.folder });
    }
    this.page = await openLeading(this.#browser, this.#url);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#profile.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function openLeading(browser: TestBrowser, url: string): Promise<TestPage> {
  const page = await browser.open(url);
  await page.evaluate(() => (globalThis as unknown as PageState).leads);
  return page;
}

/** Runs in the page. */
function callWorker(method: string, args: readonly unknown[]): Promise<Extract<KillReply, { id: number }>> {
  const state = globalThis as unknown as PageState;
  if (state.worker === undefined) {
    const worker = new Worker("kill-worker.js");
    Object.assign(state, { worker, calls: 0, reached: [], waiting: new Map() });
    worker.onmessage = ({ data }: MessageEvent<KillReply>) => {
      if ("reached" in data) state.reached.push(data.reached);
      else state.waiting.get(data.id)?.(data);
    };
    worker.onerror = ({ message }) => {
      for (const [id, reply] of state.waiting) reply({ id, error: message });
    };
  }
  const id = ++state.calls;
  return new Promise((resolve) => {
    state.waiting.set(id, resolve);
    state.worker!.postMessage({ id, method, args });
  });
}
