import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { checkUnless } from "../support/check-unless.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { answersOf, differences, statusOf } from "../support/serving/page-requests.ts";

/** Slow enough that there is a middle of a clone: its pack of 0.3 MB takes more than a second. */
const throttleBytesPerSecond = 220_000;
/** An update is a few kilobytes: only a remote that thinks for a while gives it a duration. */
const gitDelayMs = 500;

let repository: OpamRepository;
/** Of each commit: path → sha256. */
let trees: Map<string, string>[];

beforeAll(async () => {
  repository = await makeOpamRepository({ versions: 1000, seed: 3, commits: 3 });
  trees = await Promise.all(repository.commits.map((commit) => servedHashes(repository.gitDir, commit)));
});

/** How many served files differ between two commits; `repo` itself does not change. */
function changed(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): string[] {
  return [...new Set([...from.keys(), ...to.keys()])].filter((path) => from.get(path) !== to.get(path));
}

describe.each(browserNames)("%s", (name) => {
  const missing = skipReason(name);
  let site: MirrorSite;
  let browser: TestBrowser;
  let page: TestPage;
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

  async function middleOfClone(): Promise<void> {
    const end = performance.now() + 15_000;
    for (;;) {
      const found = await statusOf(page, root).catch(() => null);
      const repository = found?.repositories[0];
      if (repository?.phase === "receive" && repository.progress.bytes > 20_000) {
        expect(repository.commit).toBeNull();
        return;
      }
      if (repository?.commit) throw new Error("the clone was complete before its middle was seen");
      if (performance.now() > end) throw new Error(`no clone in 15 s: ${JSON.stringify(found)}`);
      await sleep(20);
    }
  }

  check("a page that is reloaded in mid-clone recovers by itself", async () => {
    page = await browser.open(site.url);
    await middleOfClone();
    await page.reload();
    await dashboardReady(page, 20_000);
    const found = await answersOf(page, root, [...trees[0]!.keys()]);
    expect(differences(found, expectedAnswers(trees[0]!))).toEqual([]);
    const [status] = (await statusOf(page, root)).repositories;
    expect(status).toMatchObject({ state: "ready", commit: repository.commits[0], lastSync: { error: null } });
  });

  /** Watches files that differ between two commits until the new one serves: every answer must be of one or the other. */
  async function watchFlip(from: number, to: number, begin: () => Promise<void>): Promise<void> {
    const [before, after] = [trees[from]!, trees[to]!];
    // Files of both, so that an answer tells its commit; and one that only the new one has.
    const edited = changed(before, after).filter((path) => before.has(path) && after.has(path));
    const added = changed(before, after).filter((path) => !before.has(path));
    expect(edited.length).toBeGreaterThan(0);
    expect(added.length).toBeGreaterThan(0);
    const paths = [...edited.slice(0, 3), added[0]!];
    const old = expectedAnswers(before);
    const fresh = expectedAnswers(after);
    await site.push(repository.commits[to]!);
    await begin();
    const seen: string[] = [];
    const end = performance.now() + 20_000;
    for (;;) {
      const state = (await statusOf(page, root)).repositories[0];
      const found = await answersOf(page, root, paths, paths.length);
      // One file after another may meet the flip, but none may go back or be of neither.
      const sides = paths.map((path) => {
        const answer = found.get(path)!;
        const oldAnswer = old.get(path) ?? /^404 snapshot /.exec(answer)?.input;
        return answer === fresh.get(path) ? "new" : answer === oldAnswer ? "old" : answer;
      });
      if (new Set(sides).size === 1) seen.push(sides[0]!);
      else for (const side of sides) expect(["old", "new"]).toContain(side);
      if (state?.commit === repository.commits[to] && state?.state === "ready") break;
      if (performance.now() > end) throw new Error(`no new commit in 20 s: ${JSON.stringify(state)}`);
      await sleep(10);
    }
    // An update may be over before the first question is answered; what is seen never goes back.
    expect(seen.join(" ")).toMatch(/^(old )*new( new)*$/);
    const found = await answersOf(page, root, [...new Set([...before.keys(), ...after.keys()])]);
    for (const [path, answer] of found) if (!after.has(path) && answer.startsWith("404 snapshot ")) found.delete(path);
    expect(differences(found, fresh)).toEqual([]);
    const [status] = (await statusOf(page, root)).repositories;
    expect(status?.lastSync?.changedFiles).toBe(changed(before, after).length);
    expect(status).toMatchObject({ commit: repository.commits[to], lastSync: { error: null } });
    expect(status?.versions).toBe((await repository.count(repository.commits[to]!)).versions);
  }

  check("POST update fetches a new commit; the old snapshot serves until the flip", async () => {
    const { lists } = site.traffic;
    await watchFlip(0, 1, async () => {
      const status = await page.evaluate(async (url) => (await fetch(url, { method: "POST" })).status, `${root}update`);
      expect(status).toBe(202);
    });
    // However often the tab that leads was told.
    expect(site.traffic.lists).toBe(lists + 1);
  });

  check("the update button does the same", async () => {
    await dashboardReady(page, 10_000);
    await watchFlip(1, 2, () =>
      page.evaluate(() => {
        const button = [...document.querySelectorAll("button")].find(
          ({ textContent, disabled }) => textContent === "Update" && !disabled,
        );
        if (button === undefined) throw new Error("there is no button to update");
        button.click();
      }),
    );
    await dashboardReady(page, 10_000);
  });

  check("a remote that went back is shown, and taken when somebody agrees", async () => {
    const back = repository.commits[1]!;
    await site.push(back);
    await page.evaluate(async (url) => void (await fetch(url, { method: "POST" })), `${root}update`);
    await page.waitFor(() => document.body.innerText.includes("remote-older"), 10_000);
    const status = async () => (await statusOf(page, root)).repositories[0];
    await expect.poll(status, { timeout: 5_000 }).toMatchObject({ state: "error", commit: repository.commits[2] });
    await page.evaluate(() => {
      const buttons = [...document.querySelectorAll("button")];
      buttons.find(({ textContent }) => textContent === "Take the older state")?.click();
    });
    await dashboardReady(page, 10_000);
    await expect
      .poll(status, { timeout: 5_000 })
      .toMatchObject({ state: "ready", commit: back, lastSync: { error: null } });
    const found = await answersOf(page, root, [...trees[1]!.keys()]);
    expect(differences(found, expectedAnswers(trees[1]!))).toEqual([]);
  });
});
