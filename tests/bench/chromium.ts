import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findBrowser } from "../../scripts/find-browser.mjs";
import { callResult, callSource } from "../support/browsers/page-call.ts";
import { openProfile, type Profile } from "../support/browsers/profile.ts";
import { DevTools } from "./devtools.ts";

const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--remote-debugging-port=0",
  // The page that measures must not be slowed down as one that nobody looks at.
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
];
const startMs = 20_000;
const endMs = 5_000;
const evaluateMs = 180_000;

/** Chromium as it is, with nothing attached but the page. */
export class Chromium {
  readonly profile: string;
  readonly version: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #tools: DevTools;
  readonly #release: () => Promise<void>;

  private constructor(child: ChildProcess, tools: DevTools, profile: Profile, version: string) {
    this.#child = child;
    this.#tools = tools;
    this.profile = profile.folder;
    this.#release = profile.release;
    this.version = version;
    this.pid = child.pid ?? 0;
  }

  /** Without a named profile, a fresh one that is removed at the end. */
  static async launch(named?: string): Promise<Chromium> {
    const executable = findBrowser("chromium");
    if (executable === null) throw new Error("Chromium is not installed.");
    const profile = await openProfile("chromium", named);
    const child = spawn(executable, [...flags, `--user-data-dir=${profile.folder}`, "about:blank"], {
      stdio: "ignore",
    });
    const kill = () => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const tools = await DevTools.connect(await debuggerUrl(profile.folder, child));
    const { product } = await tools.send("Browser.getVersion");
    return new Chromium(child, tools, profile, String(product).replace(/^.*\//, ""));
  }

  /** A new tab that has loaded `url`, its modules included. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.#tools.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#tools.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this.#tools, String(sessionId), String(targetId));
    await tab.goto(url);
    return tab;
  }

  async close(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, "exit") : null;
    await this.#tools.send("Browser.close").catch(() => undefined);
    if ((await Promise.race([ended, sleep(endMs, "late", { ref: false })])) === "late") this.#child.kill("SIGKILL");
    await ended;
    this.#tools.close();
    await this.#release();
  }
}

export class Tab {
  readonly #tools: DevTools;
  readonly #session: string;
  readonly #target: string;

  constructor(tools: DevTools, session: string, target: string) {
    this.#tools = tools;
    this.#session = session;
    this.#target = target;
  }

  /** Also when its renderer has crashed. */
  async close(): Promise<void> {
    await this.#tools.send("Target.closeTarget", { targetId: this.#target });
  }

  async goto(url: string): Promise<void> {
    await this.send("Page.enable");
    const loaded = new Promise<void>((resolve) => {
      const end = this.on("Page.loadEventFired", () => {
        end();
        resolve();
      });
    });
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
    await loaded;
  }

  /** Calls `fn` in the page; it must not use anything outside itself. Arguments and result travel as JSON. */
  async evaluate<A extends readonly unknown[], R>(fn: (...args: A) => R | Promise<R>, ...args: A): Promise<R> {
    const expression = callSource(fn as (...args: never[]) => unknown, args);
    const answered = this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    const late = new AbortController();
    const answer = await Promise.race([answered, sleep(evaluateMs, null, { ref: false, signal: late.signal })]);
    late.abort();
    if (answer === null) throw new Error(`The page did not answer within ${evaluateMs / 1000} s.`);
    const { result, exceptionDetails } = answer as {
      result: { value?: unknown };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return callResult(result.value) as R;
  }

  send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    return this.#tools.send(method, params, this.#session);
  }

  on(event: string, listener: (params: Record<string, unknown>) => void): () => void {
    return this.#tools.on(event, this.#session, listener);
  }

  /** A session of another target that this tab was attached to (a worker). */
  session(sessionId: string): Pick<Tab, "send"> {
    return { send: (method, params = {}) => this.#tools.send(method, params, sessionId) };
  }
}

async function debuggerUrl(profile: string, child: ChildProcess): Promise<string> {
  const end = performance.now() + startMs;
  while (performance.now() < end && child.exitCode === null) {
    const [port, path] = (await readFile(join(profile, "DevToolsActivePort"), "utf8").catch(() => "")).split("\n");
    if (port && path) return `ws://127.0.0.1:${port}${path}`;
    await sleep(20);
  }
  child.kill("SIGKILL");
  throw new Error("Chromium did not start.");
}
