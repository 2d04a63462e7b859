import type { RunLog } from "./alternate.ts";
import type { EngineChoices } from "./browser/page.ts";
import { Chromium, type Tab } from "./chromium.ts";
import { untilAtRest } from "./rest.ts";
import type { Row } from "./row.ts";
import { openSite, type Site } from "./site.ts";
import type { Subject } from "./subject.ts";

export const parts = ["sync", "availability", "node", "serve", "scale", "size"] as const;
export type Part = (typeof parts)[number];

/** Measures a few rows together, because they come out of the same runs. */
export interface Experiment {
  readonly part: Part;
  /** All rows that it may give. */
  readonly ids: readonly string[];
  measure(bench: Bench): Promise<void>;
}

export interface BenchOptions {
  readonly runs: number;
  /** Folder for CPU profiles, or null. */
  readonly profiles: string | null;
  /** File for the plot of the three policies, or null. */
  readonly plot: string | null;
}

/** What experiments share. */
export class Bench {
  readonly options: BenchOptions;
  readonly subject: Subject;
  readonly appFolder: string;
  readonly site: Site;
  readonly log: RunLog;
  readonly rows: Row[] = [];
  readonly skipped: { readonly id: string; readonly reason: string }[] = [];
  readonly #emit: (row: Row) => void;
  readonly #sites: Site[] = [];
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(
    options: BenchOptions,
    subject: Subject,
    appFolder: string,
    site: Site,
    log: RunLog,
    emit: (row: Row) => void,
  ) {
    this.options = options;
    this.subject = subject;
    this.appFolder = appFolder;
    this.site = site;
    this.log = log;
    this.#emit = emit;
  }

  get runs(): number {
    return this.options.runs;
  }

  emit(row: Row): void {
    this.rows.push(row);
    this.#emit(row);
  }

  /** Rows that cannot be measured on this machine. */
  skip(id: string, reason: string): void {
    this.skipped.push({ id, reason });
    this.log.say(`${id}: ${reason}`);
  }

  /** A further gateway, with another repository, a slow line, or archives. Closed at the end. */
  async openSite(gitDir: string, throttle?: number, upstreamCaches?: readonly string[]): Promise<Site> {
    const site = await openSite(this.appFolder, gitDir, throttle, upstreamCaches);
    this.#sites.push(site);
    return site;
  }

  /** Runs that several experiments look at are done once. */
  once<T>(name: string, run: () => Promise<T>): Promise<T> {
    const kept = (this.#kept.get(name) as Promise<T> | undefined) ?? run();
    this.#kept.set(name, kept);
    return kept;
  }

  async close(): Promise<void> {
    await Promise.all([this.site, ...this.#sites].map((site) => site.close()));
  }
}

/** `work` in a Chromium with a fresh profile that shows the benchmark's page and has nothing else to do any more. */
export async function inFreshChromium<T>(site: Site, work: (tab: Tab, chromium: Chromium) => Promise<T>): Promise<T> {
  const chromium = await Chromium.launch();
  try {
    const tab = await chromium.open(site.page);
    await untilAtRest();
    return await work(tab, chromium);
  } finally {
    await chromium.close();
  }
}

/** Starts the sync engine in a worker of the page. */
export function startEngine(tab: Pick<Tab, "evaluate">, choices: EngineChoices = {}): Promise<void> {
  return tab.evaluate((given) => globalThis.bench.startEngine(given), choices);
}
