import { setTimeout as sleep } from "node:timers/promises";
import { Chromium, type Tab } from "../../bench/chromium.ts";
import { makeOpamRepository } from "../../fixtures/opam-repository.ts";
import { Random } from "../../fixtures/random.ts";
import { type EpochEntry, epochChannel, epochFaults, logEpochs } from "./epoch-log.ts";
import { expectedAnswers, servedHashes } from "./git-hashes.ts";
import { instrumentedApp } from "./instrumented-app.ts";
import { mirrorSite } from "./mirror-site.ts";
import { answersOf, differences } from "./page-requests.ts";
import { tabState } from "./tabs.ts";

export interface ChaosOptions {
  readonly seed: string;
  readonly forMs: number;
  readonly tabs: number;
}

export interface ChaosReport {
  /** How often each kind of end was met. */
  readonly ends: Readonly<Record<string, number>>;
  readonly pushes: number;
  /** Packs on the wire, and the most at once. */
  readonly packs: number;
  readonly mostPacksAtOnce: number;
  readonly epochs: number;
  readonly published: number;
  /** See epochFaults. */
  readonly faults: readonly string[];
  /** Answers of the service worker that were neither 200 nor cut off by a kill. */
  readonly wrongAnswers: readonly string[];
  readonly answers: number;
  /** Commits that the mirror served, in order, as indexes of the pushed ones. */
  readonly served: readonly number[];
  /** What each tab says at the end: commit and error. */
  readonly said: readonly string[];
  /** Files that differ from the remote's at the end. */
  readonly differences: readonly string[];
}

const throttleBytesPerSecond = 120_000;
/** An update is a few kilobytes: with this there is a middle of it to end a tab in. */
const gitDelayMs = 300;
/** Pushes, and changes of tabs, come this often; ± half. */
const pushEveryMs = 1_500;
const endEveryMs = 600;

/**
 * Some tabs with one mirror: they ask for syncs and end in all ways in which tabs end, while the remote moves on. A page
 * that runs nothing of ours watches.
 */
export async function tabChaos(options: ChaosOptions): Promise<ChaosReport> {
  const random = new Random(options.seed);
  const commits = 2 + Math.ceil(options.forMs / pushEveryMs);
  const repository = await makeOpamRepository({ versions: 400, seed: "chaos", commits });
  await using app = await instrumentedApp(logEpochs, epochChannel);
  await using site = await mirrorSite({
    repository,
    commit: repository.commits[0]!,
    throttleBytesPerSecond,
    gitDelayMs,
    appDirectory: app.path,
  });
  const chromium = await Chromium.launch();
  try {
    const watcher = await chromium.open(`${site.url}healthz`);
    await watcher.evaluate(watch, epochChannel, `${site.url}opam/default/repo`);
    const tabs: Tab[] = [];
    for (let i = 0; i < options.tabs; i++) tabs.push(await chromium.open(site.url));

    const ends: Record<string, number> = {};
    let pushes = 0;
    const until = performance.now() + options.forMs;
    const pause = (ms: number) => sleep(ms * (0.5 + random.next()));
    const pushing = async () => {
      while (performance.now() < until && pushes + 1 < commits) {
        await pause(pushEveryMs);
        await site.push(repository.commits[++pushes]!);
      }
    };
    const ending = async () => {
      while (performance.now() < until) {
        await pause(endEveryMs);
        const at = random.int(tabs.length);
        const kind = kinds[random.int(kinds.length)]!;
        ends[kind] = (ends[kind] ?? 0) + 1;
        tabs[at] = await endTab(chromium, tabs[at]!, kind, site.url);
        const asking = tabs[random.int(tabs.length)]!;
        asking.evaluate(() => void globalThis.opamMirror?.update().catch(() => undefined)).catch(() => undefined);
      }
    };
    await Promise.all([pushing(), ending()]);

    const tip = repository.commits[pushes]!;
    const said = await settle(tabs, tip);
    const found = await answersOf(watcher, `${site.url}opam/default/`, [
      ...(await servedHashes(repository.gitDir, tip)).keys(),
    ]);
    const seen = await watcher.evaluate(() => (globalThis as unknown as { seen: Watched }).seen);
    return {
      ends,
      pushes,
      packs: site.traffic.packs,
      mostPacksAtOnce: site.traffic.mostOpen,
      epochs: Math.max(...seen.entries.map(({ epoch }) => epoch)),
      published: seen.entries.filter(({ what }) => what === "publish").length,
      faults: epochFaults(seen.entries),
      wrongAnswers: seen.wrongAnswers,
      answers: seen.answers,
      served: seen.commits.map((commit) => repository.commits.indexOf(commit)),
      said,
      differences: differences(found, expectedAnswers(await servedHashes(repository.gitDir, tip))),
    };
  } finally {
    await chromium.close();
  }
}

interface Watched {
  readonly entries: readonly EpochEntry[];
  readonly commits: readonly string[];
  readonly wrongAnswers: readonly string[];
  readonly answers: number;
}

/** In the watching page: writes down what engines do, and asks the service worker for a file all the time. */
function watch(channel: string, url: string): void {
  const seen = { entries: [] as EpochEntry[], commits: [] as string[], wrongAnswers: [] as string[], answers: 0 };
  Object.assign(globalThis, { seen });
  new BroadcastChannel(channel).onmessage = ({ data }) => seen.entries.push(data as EpochEntry);
  const ask = async () => {
    // Before the first tab there is no service worker: the gateway has no such file.
    if (navigator.serviceWorker.controller === null) return;
    const response = await fetch(url, { cache: "no-store" }).catch(() => null);
    if (response === null) return;
    const text = await response.text().catch(() => "");
    const commit = /stamp: "([0-9a-f]{40})"/.exec(text)?.[1];
    const source = response.headers.get("x-opam-source");
    seen.answers++;
    if (response.status === 200 && commit !== undefined && source === "snapshot") {
      if (seen.commits.at(-1) !== commit) seen.commits.push(commit);
    } else if (seen.commits.length > 0) seen.wrongAnswers.push(`${response.status} ${source} ${text.slice(0, 200)}`);
  };
  const askOn = () => void ask().finally(() => setTimeout(askOn, 30));
  askOn();
}

const kinds = ["close", "crash", "reload", "freeze", "away and back", "cut off"] as const;
type Kind = (typeof kinds)[number];

/** Ends the tab in that way, and gives the one that takes its place. */
async function endTab(chromium: Chromium, tab: Tab, kind: Kind, url: string): Promise<Tab> {
  const quietly = (sent: Promise<unknown>) =>
    Promise.race([sent.catch(() => undefined), sleep(500, null, { ref: false })]);
  switch (kind) {
    case "close":
      await tab.close();
      return chromium.open(url);
    case "crash":
      // Never answered.
      await Promise.race([tab.send("Page.crash").catch(() => undefined), sleep(50)]);
      await tab.close();
      return chromium.open(url);
    case "reload":
      await quietly(tab.send("Page.reload"));
      return tab;
    case "freeze":
      await quietly(tab.send("Page.setWebLifecycleState", { state: "frozen" }));
      await sleep(300);
      await quietly(tab.send("Page.setWebLifecycleState", { state: "active" }));
      return tab;
    case "away and back":
      await quietly(tab.goto(`${url}healthz`));
      await quietly(tab.evaluate(() => history.back()));
      return tab;
    case "cut off":
      // Closed while it opens.
      await tab.close();
      await Promise.race([chromium.open(url).then((short) => short.close()), sleep(2_000)]);
      return chromium.open(url);
  }
}

/** Asks for syncs until every tab shows the commit and no error; says what they show when time is up. */
async function settle(tabs: readonly Tab[], tip: string): Promise<string[]> {
  const end = performance.now() + 30_000;
  for (;;) {
    const states = await Promise.all(tabs.map(tabState));
    const said = states.map((state) => {
      const { commit, lastSync, state: word } = state?.repository ?? {};
      return `${commit === tip ? "the tip" : commit} ${word} ${lastSync?.error?.code ?? "without an error"}`;
    });
    if (said.every((text) => text === settled) || performance.now() > end) return said;
    await tabs[0]!.evaluate(() => void globalThis.opamMirror?.update().catch(() => undefined));
    await sleep(500);
  }
}

export const settled = "the tip ready without an error";
