import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { scopeNames } from "../../src/protocol/names.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { checkUnless } from "../support/check-unless.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { answersOf, differences, statusOf } from "../support/serving/page-requests.ts";

/** A pack of 0.1 MB takes a second: there is a middle of a clone. */
const throttleBytesPerSecond = 90_000;
/** There is a middle of an update, too. */
const gitDelayMs = 250;

let repository: OpamRepository;
let trees: Map<string, string>[];

beforeAll(async () => {
  repository = await makeOpamRepository({ versions: 300, seed: 21, commits: 5 });
  trees = await Promise.all(repository.commits.map((commit) => servedHashes(repository.gitDir, commit)));
});

describe.each(browserNames)("%s without a page", (name) => {
  const missing = skipReason(name);
  let site: MirrorSite;
  let browser: TestBrowser;
  /** A page of the origin that runs nothing of ours. */
  let plain: TestPage;
  let root: string;

  beforeAll(async () => {
    if (missing !== null) return;
    site = await mirrorSite({ repository, commit: repository.commits[0]!, throttleBytesPerSecond, gitDelayMs });
    root = `${site.url}opam/default/`;
    browser = await launch(name);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  const check = checkUnless(missing);

  /** What the others have nothing of their own in, or cannot be driven to. */
  function inChromium(title: string, body: () => Promise<void>): void {
    if (name === "chromium") check(title, body);
  }

  const openPlain = () => browser.open(`${site.url}healthz`);

  /** Starts an update as a client of the mirror would, and returns the answer's status. */
  const askForUpdate = () =>
    plain.evaluate(async (url) => (await fetch(url, { method: "POST" })).status, `${root}update`);

  async function serves(index: number, timeoutMs = 60_000): Promise<void> {
    const commit = repository.commits[index];
    await expect
      .poll(async () => (await statusOf(plain, root)).repositories[0], { timeout: timeoutMs })
      .toMatchObject({ commit, state: "ready", lastSync: { error: null } });
    const tree = trees[index]!;
    expect(differences(await answersOf(plain, root, [...tree.keys()]), expectedAnswers(tree))).toEqual([]);
  }

  check("a clone whose only tab is closed in the middle goes on for those who ask", async () => {
    const page = await browser.open(site.url);
    await page.waitFor(() => (globalThis.opamMirror?.status?.repositories[0]?.progress.bytes ?? 0) > 15_000, 30_000);
    plain = await openPlain();
    await page.close();
    // Asked for what is not there yet, the service worker clones by itself, and answers from the clone.
    const begun = performance.now();
    const [path, hash] = [...trees[0]!].at(-1)!;
    let answer = "";
    while (!answer.startsWith("200") && performance.now() - begun < 30_000) {
      answer = (await answersOf(plain, root, [path])).get(path)!;
      expect(answer).not.toMatch(/^404/);
    }
    expect(answer.split(" ")[2]).toBe(hash);
    await serves(0);
  });

  inChromium("update is answered 202 and happens", async () => {
    const { packs } = site.traffic;
    await site.push(repository.commits[1]!);
    expect(await askForUpdate()).toBe(202);
    await serves(1);
    expect(site.traffic.packs).toBe(packs + 1);
    // It lets go of the lock: the next tab leads.
    const lock = scopeNames(site.url).leaderLock;
    await expect
      .poll(() => plain.evaluate(async () => (await navigator.locks.query()).held?.map((held) => held.name)), {
        timeout: 20_000,
      })
      .not.toContain(lock);
  });

  check("update happens when the page that asked is gone at once", async () => {
    const { packs } = site.traffic;
    await site.push(repository.commits[2]!);
    expect(await askForUpdate()).toBe(202);
    await plain.close();
    const end = performance.now() + 30_000;
    // Nobody asks: what is on the wire comes from the service worker alone.
    while (site.traffic.packs === packs && performance.now() < end) await sleep(20);
    expect(site.traffic.packs).toBe(packs + 1);
    plain = await openPlain();
    await serves(2);
  });

  inChromium("a sync that was stopped with the service worker is done again at the next request", async () => {
    const { packs } = site.traffic;
    await site.push(repository.commits[3]!);
    expect(await askForUpdate()).toBe(202);
    const end = performance.now() + 30_000;
    while (site.traffic.packs === packs && performance.now() < end) await sleep(5);
    await browser.stopServiceWorkers!();
    // What was received is gone, and nothing of it was seen.
    const [path] = [...trees[2]!].find(([path, hash]) => trees[3]!.get(path) !== hash)!;
    const found = (await answersOf(plain, root, [path])).get(path)!;
    expect([expectedAnswers(trees[2]!).get(path), expectedAnswers(trees[3]!).get(path)]).toContain(found);
    await serves(3);
    expect(site.traffic.packs).toBe(packs + 2);
    expect(site.traffic.mostOpen).toBe(1);
  });

  inChromium("a tab that opens in the middle shows the progress, waits, and leads afterwards", async () => {
    const { packs } = site.traffic;
    await site.push(repository.commits[4]!);
    expect(await askForUpdate()).toBe(202);
    const end = performance.now() + 30_000;
    while (site.traffic.packs === packs && performance.now() < end) await sleep(5);
    const page = await browser.open(site.url);
    await dashboardReady(page, 30_000);
    await serves(4);
    await page.waitFor(() => globalThis.opamMirror?.leading === true, 20_000);
    expect(site.traffic.packs).toBe(packs + 1);
    expect(site.traffic.mostOpen).toBe(1);
    await page.close();
  });
});
