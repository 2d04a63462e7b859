import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scopeNames } from "../../src/protocol/names.ts";
import { Chromium } from "../bench/chromium.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { launch, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { poll } from "../support/browsers/page-call.ts";
import { raceRepeats } from "../support/races.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { answersOf, differences } from "../support/serving/page-requests.ts";
import { leaderAmong, tabState, takeoverMs } from "../support/serving/tabs.ts";
import { TakeoverTimes } from "../support/serving/takeover-times.ts";

/** A pack of 0.15 MB takes two seconds: there is a middle of a clone. */
const throttleBytesPerSecond = 80_000;
const times = new TakeoverTimes("chromium");

let repository: OpamRepository;
let site: MirrorSite;
let browser: TestBrowser;
let tabs: TestPage[] = [];

beforeAll(async () => {
  repository = await makeOpamRepository({ versions: 500, seed: 8, commits: 2 });
  site = await mirrorSite({ repository, throttleBytesPerSecond });
  browser = await launch("chromium", { backForwardCache: true });
});
afterAll(async () => {
  times.report();
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

/** The tab that leads, and all others, as soon as all of them are there. */
async function roles(): Promise<{ leader: TestPage; others: TestPage[] }> {
  await Promise.all(tabs.map((tab) => tab.waitFor(() => globalThis.opamMirror !== undefined, 10_000)));
  const leader = await leaderAmong(tabs);
  return { leader, others: tabs.filter((tab) => tab !== leader) };
}

/** A page of the origin that runs nothing of ours. */
const plainPage = () => browser.open(`${site.url}healthz`);

describe("tabs of one mirror", () => {
  test("the first one leads; one that is opened in the middle of the clone shows the same progress at once", async () => {
    const first = await browser.open(site.url);
    await first.waitFor(() => (globalThis.opamMirror?.status?.repositories[0]?.progress.bytes ?? 0) > 20_000, 15_000);
    const second = await browser.open(site.url);
    tabs = [first, second];
    const record = () => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      globalThis.opamMirror?.subscribe(({ repositories: [repository] }) =>
        seen.push(`${repository?.state} ${repository?.phase} ${JSON.stringify(repository?.progress)}`),
      );
    };
    await second.waitFor(() => globalThis.opamMirror !== undefined, 5_000);
    const [early, now] = await Promise.all([tabState(second), tabState(first)]);
    expect([now?.leading, early?.leading]).toEqual([true, false]);
    expect(early?.repository).toMatchObject({ state: "syncing", commit: null });
    expect(early!.repository!.progress.bytes).toBeGreaterThan(20_000);
    await Promise.all(tabs.map((tab) => tab.evaluate(record)));
    await Promise.all(tabs.map((tab) => dashboardReady(tab, 20_000)));
    const [one, other] = await Promise.all(
      tabs.map((tab) => tab.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)),
    );
    expect(new Set(one).size).toBeGreaterThan(3);
    // The two began to write down at slightly different times; from then on they saw the same.
    const common = one!.slice(one!.indexOf(other!.find((line) => one!.includes(line))!));
    expect(new Set(other!.slice(other!.indexOf(common[0]!)))).toEqual(new Set(common));
    expect(site.traffic.packs).toBe(1);
  });

  test("a closed leader is followed within two seconds", { repeats: raceRepeats }, async () => {
    tabs.push(await browser.open(site.url));
    const { leader, others } = await roles();
    await times.check("closed", async () => {
      const since = Date.now();
      await leader.close();
      return takeoverMs(others, since);
    });
    tabs = others;
  });

  test("a leader whose renderer crashed is followed within two seconds", { repeats: raceRepeats }, async () => {
    tabs.push(await browser.open(site.url));
    const { leader, others } = await roles();
    await times.check("crashed", async () => {
      const since = Date.now();
      // It is never answered.
      leader.cdp!.send("Page.crash").catch(() => undefined);
      return takeoverMs(others, since);
    });
    await leader.close();
    tabs = others;
  });

  test("a tab that is opened while a renderer crashes opens all the same", async () => {
    for (let round = 0; round < 5 + raceRepeats; round++) {
      // The service worker's thread may be in the process that crashes, with the messages that it was sent.
      tabs.push(await browser.open(site.url));
      const leader = await leaderAmong(tabs);
      leader.cdp!.send("Page.crash").catch(() => undefined);
      tabs = tabs.filter((tab) => tab !== leader);
      await roles();
      await leader.close();
    }
  });

  test("a leader in the back-forward cache is followed within two seconds, and is shown again as it was", async () => {
    tabs.push(await browser.open(site.url));
    // Chromium now and then drops a page from its cache ("JavaScriptExecution"), and loads it anew when it is asked for.
    let restored = false;
    for (let round = 0; round <= raceRepeats || (round < 4 && !restored); round++) {
      const { leader, others } = await roles();
      await leader.evaluate(() =>
        addEventListener("pageshow", ({ persisted }) => Object.assign(globalThis, { persisted })),
      );
      await times.check("left for another page", async () => {
        const since = Date.now();
        await leader.goto(`${site.url}healthz`);
        return takeoverMs(others, since);
      });
      await leader.evaluate(() => history.back());
      await leader.waitFor(() => globalThis.opamMirror?.leading === false, 5_000);
      restored ||= await leader.evaluate(() => "persisted" in globalThis);
      // It hears what happens from now on.
      const before = (await tabState(leader))?.repository?.lastSync?.startedAt;
      await others[0]!.evaluate(() => globalThis.opamMirror?.update());
      await expect.poll(async () => (await tabState(leader))?.repository?.lastSync?.startedAt).not.toBe(before);
    }
    expect(restored).toBe(true);
  });

  test("whoever holds the lock and does not answer loses it within two seconds", { repeats: raceRepeats }, async () => {
    const mute = await plainPage();
    await times.check("mute", async () => {
      const since = Date.now();
      await mute.evaluate((name) => {
        void navigator.locks.request(name, { steal: true }, () => new Promise(() => {})).catch(() => undefined);
      }, scopeNames(site.url).leaderLock);
      return takeoverMs(tabs, since);
    });
    expect((await Promise.all(tabs.map(tabState))).filter((state) => state?.leading)).toHaveLength(1);
    await mute.close();
  });

  test("a worker that was terminated is started again", async () => {
    for (const tab of tabs) await tab.close();
    const page = await browser.open("about:blank");
    tabs = [page];
    await page.cdp!.send("Page.enable");
    await page.cdp!.send("Page.addScriptToEvaluateOnNewDocument", { source: `(${keepWorkers.toString()})()` });
    const opened = Date.now();
    await page.goto(site.url);
    await takeoverMs(tabs, opened);
    await dashboardReady(page, 10_000);
    // The page is told nothing, as when a browser ends a worker that takes too much.
    const since = Date.now();
    const ended = await page.evaluate(() => {
      const { workers } = globalThis as unknown as { workers: Worker[] };
      for (const worker of workers) worker.terminate();
      return workers.length;
    });
    expect(ended).toBe(1);
    // Four questions are patiently asked first; with another tab open that one would be faster.
    expect(await takeoverMs(tabs, since)).toBeLessThan(6_000);
  });

  test("no page is needed for a stored answer", async () => {
    const plain = await plainPage();
    for (const tab of tabs) await tab.close();
    tabs = [];
    const hashes = await servedHashes(repository.gitDir, repository.commits.at(-1)!);
    const root = `${site.url}opam/default/`;
    for (const stop of [false, true]) {
      if (stop) await browser.stopServiceWorkers!();
      const found = await answersOf(plain, root, [...hashes.keys()]);
      expect(differences(found, expectedAnswers(hashes))).toEqual([]);
    }
  });
});

/** Keeps the workers of the page where a test can reach them. */
function keepWorkers(): void {
  const workers: Worker[] = [];
  const Original = globalThis.Worker;
  class Kept extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  }
  Object.assign(globalThis, { workers, Worker: Kept });
}

describe("tabs that the browser freezes", () => {
  test("are followed within two seconds, told or not, and wait in line when they are back", async () => {
    // Only a tab that is hidden can be frozen, and the harness keeps all tabs visible.
    const chromium = await Chromium.launch();
    try {
      const frozen = await chromium.open(site.url);
      await poll(() => frozen.evaluate(() => globalThis.opamMirror?.leading), "a leader", 10_000);
      const other = await chromium.open(site.url);
      await poll(
        () => other.evaluate(() => globalThis.opamMirror?.status?.repositories[0]?.state === "ready"),
        "a mirror",
        20_000,
      );
      for (let round = 0; round < 2 * (1 + raceRepeats); round++) {
        const told = round % 2 === 0;
        const [leader, follower] = told ? [frozen, other] : [other, frozen];
        expect([await leader.evaluate(isLeading), await follower.evaluate(isLeading)]).toEqual([true, false]);
        await follower.send("Page.bringToFront");
        if (!told)
          await leader.evaluate(() => addEventListener("freeze", (event) => event.stopImmediatePropagation(), true));
        await times.check(told ? "frozen and told so" : "frozen silently", async () => {
          const since = Date.now();
          await leader.send("Page.setWebLifecycleState", { state: "frozen" });
          return takeoverMs([follower], since);
        });
        await leader.send("Page.setWebLifecycleState", { state: "active" });
        await sleep(round < 2 ? 2_000 : 700);
        expect([await leader.evaluate(isLeading), await follower.evaluate(isLeading)]).toEqual([false, true]);
      }
    } finally {
      await chromium.close();
    }
  });
});

function isLeading(): boolean {
  return globalThis.opamMirror?.leading === true;
}
