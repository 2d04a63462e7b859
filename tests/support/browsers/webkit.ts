import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { findBrowser } from "../../../scripts/find-browser.mjs";
import type { LaunchOptions, TestBrowser, TestPage } from "./browser.ts";
import { type Display, openDisplay } from "./display.ts";
import { InspectorSession, inspectablePages } from "./inspector.ts";
import { poll } from "./page-call.ts";
import { openProfile, type Profile } from "./profile.ts";
import { WebKitPage } from "./webkit-page.ts";

/**
 * WebKitGTK's MiniBrowser by the protocol of WebKit's inspector. Not by WebKitWebDriver: an automated MiniBrowser is
 * ephemeral, and WebKit then refuses Blobs in IndexedDB ("Error preparing Blob/File data"), so that the storage this
 * project lives on could not be tested. `privateMode` gives exactly that refusal, on purpose.
 */
export async function launchWebKit(options: LaunchOptions): Promise<TestBrowser> {
  const binary = findBrowser("webkit");
  if (binary === null) throw new Error("WebKitGTK's MiniBrowser is not installed.");
  const profile = await openProfile("webkit", options.profile);
  const display = await openDisplay();
  const server = `127.0.0.1:${await freePort()}`;
  const args = ["--javascript-can-open-windows-automatically=true"];
  if (options.ignoreHttpsErrors) args.push("--ignore-tls-errors");
  if (options.privateMode) args.push("--private");
  const child = spawn(binary, [...args, "about:blank"], {
    stdio: "ignore",
    // Its own process group, so that the browser's children can be ended with it.
    detached: true,
    env: {
      ...process.env,
      DISPLAY: display.name,
      GDK_BACKEND: "x11",
      NO_AT_BRIDGE: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      WEBKIT_INSPECTOR_HTTP_SERVER: server,
      XDG_DATA_HOME: join(profile.folder, "data"),
      XDG_CACHE_HOME: join(profile.folder, "cache"),
      XDG_CONFIG_HOME: join(profile.folder, "config"),
    },
  });
  const processes = new ProcessGroup(child, display);
  try {
    await poll(
      async () => processes.ended || (await inspectablePages(server)).length > 0,
      "WebKit's inspector",
      20_000,
    );
    if (processes.ended) throw new Error("MiniBrowser ended at once.");
    const [first] = await inspectablePages(server);
    const version =
      execFileSync(binary, ["--version"], { encoding: "utf8", env: { ...process.env, DISPLAY: display.name } }).match(
        /[\d.]+/,
      )?.[0] ?? "unknown";
    return new WebKit(
      server,
      await InspectorSession.connect(server, first!),
      processes,
      profile,
      version,
      !options.privateMode,
    );
  } catch (error) {
    await processes.kill();
    await profile.release();
    throw error;
  }
}

class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #display: Display;
  readonly #exit: Promise<void>;
  ended = false;

  constructor(child: ChildProcess, display: Display) {
    this.#child = child;
    this.#display = display;
    this.#exit = new Promise((resolve) => {
      const end = (): void => {
        this.ended = true;
        resolve();
      };
      child.once("exit", end);
      child.once("error", end);
    });
    process.once("exit", this.#signal);
    process.once("SIGTERM", this.#terminated);
  }

  async kill(): Promise<void> {
    this.#signal();
    await this.#exit;
    process.off("exit", this.#signal);
    process.off("SIGTERM", this.#terminated);
    this.#display.close();
  }

  /** Test runners end their workers by this signal, which does not count as an exit. */
  readonly #terminated = (): void => {
    this.#signal();
    this.#display.close();
    process.kill(process.pid, "SIGTERM");
  };

  readonly #signal = (): void => {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
}

class WebKit implements TestBrowser {
  readonly name = "webkit" as const;
  readonly stopServiceWorkers = null;
  readonly setOffline = null;
  readonly version: string;
  readonly profile: string;
  readonly keepsProfile: boolean;
  readonly #server: string;
  /** The blank first tab, which opens the others. */
  readonly #opener: InspectorSession;
  readonly #processes: ProcessGroup;
  readonly #release: () => Promise<void>;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(
    server: string,
    opener: InspectorSession,
    processes: ProcessGroup,
    profile: Profile,
    version: string,
    keepsProfile: boolean,
  ) {
    this.#server = server;
    this.#opener = opener;
    this.#processes = processes;
    this.profile = profile.folder;
    this.#release = profile.release;
    this.version = version;
    this.keepsProfile = keepsProfile;
  }

  async open(url: string): Promise<TestPage> {
    const page = await WebKitPage.open(
      { open: (width, height) => this.#openTab(width, height), close: (session) => this.#closeTab(session) },
      1280,
      800,
    );
    await page.goto(url);
    return page;
  }

  async close(): Promise<void> {
    // There is no command to quit; what IndexedDB and the service worker registry acknowledged is on disk.
    await this.kill();
    await this.#release();
  }

  kill(): Promise<void> {
    return this.#processes.kill();
  }

  /** One after another, since a new tab is recognised by being the only new one in the list. */
  #openTab(width: number, height: number): Promise<InspectorSession> {
    const opened = this.#opening.then(async () => {
      const known = new Set(await inspectablePages(this.#server));
      const features = `popup,noopener,width=${width},height=${height}`;
      await this.#opener.send("Runtime.evaluate", {
        expression: `void window.open("about:blank", "_blank", "${features}")`,
        emulateUserGesture: true,
      });
      let found: string | undefined;
      await poll(
        async () => {
          found = (await inspectablePages(this.#server)).find((path) => !known.has(path));
          return found !== undefined;
        },
        "a new tab",
        10_000,
      );
      return InspectorSession.connect(this.#server, found!);
    });
    this.#opening = opened.catch(() => {});
    return opened;
  }

  async #closeTab(session: InspectorSession): Promise<void> {
    // The answer may be lost with the page, and the connection itself ends seconds later.
    session.send("Runtime.evaluate", { expression: "window.close()" }).catch(() => {});
    await poll(async () => !(await inspectablePages(this.#server)).includes(session.path), "the tab to close", 10_000);
    session.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
