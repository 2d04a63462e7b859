import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { scopeNames } from "../../src/protocol/names.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { pushChanges } from "../fixtures/push-changes.ts";
import { Random } from "../fixtures/random.ts";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { raceRepeats } from "../support/races.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { servedSnapshot } from "../support/serving/served-snapshot.ts";
import { leaderAmong, tabState, takeoverMs } from "../support/serving/tabs.ts";
import { TakeoverTimes } from "../support/serving/takeover-times.ts";

// What tabs.test.ts does in Chromium, as far as the others can be driven to it: neither has a command that freezes or crashes a tab. A page
// that takes the lock and is silent does what a frozen leader does. Processes are not killed: tabs of an origin may share one.

/** So many files change that a compaction is due. */
const changedFiles = 150;
/** Longer than a compaction of the repository takes. */
const compactionMs = 600;

let repository: OpamRepository;

beforeAll(async () => {
  repository = await makeOpamRepository({ versions: 600, seed: 8, commits: 2 });
});

describe.each(browserNames)("%s: the tab that leads", (name) => {
  const missing = skipReason(name);
  const times = new TakeoverTimes(name);
  let site: MirrorSite;
  let browser: TestBrowser;
  let tabs: TestPage[] = [];

  beforeAll(async () => {
    if (missing !== null) return;
    site = await mirrorSite({ repository });
    browser = await launch(name);
    tabs = [await browser.open(site.url)];
    await dashboardReady(tabs[0]!, 20_000);
  });
  afterAll(async () => {
    times.report();
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  function check(title: string, body: () => Promise<void>): void {
    test(title, { repeats: raceRepeats }, (context: TestContext) =>
      missing === null ? body() : context.skip(missing),
    );
  }

  /** What tabs.test.ts does in Chromium. */
  function checkElsewhere(title: string, body: () => Promise<void>): void {
    if (name !== "chromium") check(title, body);
  }

  /** Two tabs: the one that leads and the one that does not. */
  async function roles(): Promise<{ leader: TestPage; other: TestPage }> {
    while (tabs.length < 2) tabs.push(await browser.open(site.url));
    await Promise.all(tabs.map((tab) => dashboardReady(tab, 10_000)));
    const leader = await leaderAmong(tabs);
    return { leader, other: tabs.find((tab) => tab !== leader)! };
  }

  checkElsewhere("is followed within two seconds when it is closed", async () => {
    const { leader, other } = await roles();
    tabs = [other];
    await times.check("closed", async () => {
      const since = Date.now();
      const closed = leader.close();
      const ms = await takeoverMs(tabs, since);
      await closed;
      return ms;
    });
  });

  checkElsewhere(
    "is followed within two seconds when it is left for another page, and does not lead when it is back",
    async () => {
      const { leader, other } = await roles();
      await times.check("left for another page", async () => {
        const since = Date.now();
        const left = leader.goto(`${site.url}healthz`);
        const ms = await takeoverMs([other], since);
        await left;
        return ms;
      });
      // The answer may be lost with the page.
      await leader.evaluate(() => void setTimeout(() => history.back())).catch(() => undefined);
      await leader.waitFor(() => globalThis.opamMirror?.leading === false, 10_000);
      expect((await tabState(other))?.leading).toBe(true);
    },
  );

  checkElsewhere("is followed within two seconds when it is silent", async () => {
    await roles();
    const mute = await browser.open(`${site.url}healthz`);
    // Somebody has to look at a tab: hidden ones ask for no sign of life in two seconds.
    const seen = await browser.open(site.url);
    tabs.push(seen);
    await dashboardReady(seen, 10_000);
    await times.check("mute", async () => {
      const since = Date.now();
      await mute.evaluate((lock) => {
        void navigator.locks.request(lock, { steal: true }, () => new Promise(() => {})).catch(() => undefined);
      }, scopeNames(site.url).leaderLock);
      return takeoverMs(tabs, since);
    });
    expect((await Promise.all(tabs.map(tabState))).filter((state) => state?.leading)).toHaveLength(1);
    await mute.close();
    tabs.pop();
    await seen.close();
  });

  const random = new Random(`takeover/${name}`);
  check("is followed in the middle of a compaction by one that compacts", async () => {
    const { leader, other } = await roles();
    const commit = await pushChanges(site.gitDir, repository.branch, changedFiles);
    await leader.evaluate(() => globalThis.opamMirror!.update());
    await expect
      .poll(async () => (await servedSnapshot(other))?.commit, { timeout: 10_000, interval: 10 })
      .toBe(commit);
    await sleep(random.int(compactionMs));
    tabs = [other];
    await times.check("closed while it compacted", async () => {
      const since = Date.now();
      const closed = leader.close();
      const ms = await takeoverMs(tabs, since);
      await closed;
      return ms;
    });
    await expect.poll(() => servedSnapshot(other), { timeout: 10_000 }).toEqual({ commit, packs: 1 });
  });
});
