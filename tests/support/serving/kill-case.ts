import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Ending, KillSession } from "./kill-session.ts";
import type { KillSite, RemoteState } from "./kill-site.ts";
import { firstSyncSteps, type Stop, updateSteps } from "./kill-steps.ts";
import { answersOf, differences } from "./page-requests.ts";

/** What is under way when it ends: a first sync, or an update with its compaction. */
export type Scenario = "first sync" | "update";

export const stepsOf: Readonly<Record<Scenario, readonly string[]>> = {
  "first sync": firstSyncSteps,
  update: updateSteps,
};

/** Milliseconds in the page: to an open store and a file of it, and to the service worker's first answer. */
export interface Reopening {
  readonly storeMs: number;
  readonly answerMs: number;
}

/** The longest that a mirror may take to be itself again. */
const reopenMs = 2_000;
/** Longer than the service worker believes what it has read of the store. */
const unannouncedMs = 300;
/** Enough to see a 404 where a 503 belongs; each waits for a first sync that does not come. */
const unavailablePaths = 3;

/** Makes the page one that the product's service worker answers for. */
export async function control({ site, old }: KillSite, session: KillSession): Promise<void> {
  await site.push(old.commit);
  await session.call("open", site.url);
  await session.call("sync", null);
  await session.page.evaluate(async (script) => {
    await navigator.serviceWorker.register(script);
    await navigator.serviceWorker.ready;
  }, `${site.url}sw.js`);
  await session.end("worker terminated");
  await session.page.reload();
  await session.page.waitFor(() => navigator.serviceWorker.controller !== null, 5_000);
}

/** Puts store and remote into the state before the scenario's sync. A pack that no snapshot names lies in the store. */
export async function prepare({ site, old, new: later }: KillSite, session: KillSession, scenario: Scenario) {
  await session.call("open", site.url);
  await session.call("empty");
  if (scenario === "update") {
    await site.push(old.commit);
    expect(await session.call("sync", null)).toMatchObject({ error: null });
  }
  await session.call("addOrphan");
  await site.push(later.commit);
  // Nobody has announced that the store was emptied.
  await sleep(unannouncedMs);
}

/** What is served after a sync has ended: that state, nothing, the old or the new, or any of these. */
type Expected = RemoteState | "none" | "either" | "any";

function expectedState(site: KillSite, scenario: Scenario, { step, moment }: Stop): Expected {
  const steps = stepsOf[scenario];
  const [at, flip] = [steps.indexOf(step), steps.indexOf("sync: publish")];
  if (at === flip && moment === "issued") return scenario === "update" ? "either" : "any";
  if (at > flip || (at === flip && moment === "after")) return site.new;
  return scenario === "update" ? site.old : "none";
}

/** Runs a sync to that stop, ends it, and checks that what is left is whole, and that the next sync makes good. */
export async function killCase(
  site: KillSite,
  session: KillSession,
  scenario: Scenario,
  stop: Stop,
  ending: Ending,
): Promise<Reopening> {
  return recovering(session, async () => {
    await prepare(site, session, scenario);
    await session.syncUntil(stop);
    await session.end(ending);
    return checkWhole(site, session, expectedState(site, scenario, stop));
  });
}

/** The same with a sync that nothing holds, after so many milliseconds. */
export async function killAnytime(
  site: KillSite,
  session: KillSession,
  scenario: Scenario,
  afterMs: number,
  ending: Ending,
): Promise<Reopening> {
  return recovering(session, async () => {
    await prepare(site, session, scenario);
    session.call("sync", null).catch(() => undefined);
    await sleep(afterMs);
    await session.end(ending);
    return checkWhole(site, session, scenario === "update" ? "either" : "any");
  });
}

/** What a case that failed leaves running must not be the next one's problem. */
async function recovering<T>(session: KillSession, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (thrown) {
    await session.end("browser killed");
    throw thrown;
  }
}

async function checkWhole(site: KillSite, session: KillSession, expected: Expected): Promise<Reopening> {
  const { root } = site;
  const begun = performance.now();
  const commit = await session.call("open", site.site.url);
  const storeMs = performance.now() - begun;
  const served = [site.old, site.new].find((state) => state.commit === commit) ?? null;
  if (expected === "none") expect(commit).toBeNull();
  else if (expected === "either" || expected === "any") expect(served !== null || expected === "any").toBe(true);
  else expect(commit).toBe(expected.commit);
  let answerMs = 0;
  if (served !== null) {
    const asked = performance.now();
    await answersOf(session.page, root, [[...served.answers.keys()][0]!]);
    answerMs = performance.now() - asked;
    await checkServed(site, session, served);
  } else {
    const paths = [...site.new.answers.keys()].slice(0, unavailablePaths);
    for (const answer of (await answersOf(session.page, root, paths)).values()) expect(answer).toMatch(/^503 /);
  }
  expect(storeMs).toBeLessThan(reopenMs);
  expect(answerMs).toBeLessThan(reopenMs);

  expect(await session.call("sync", null)).toMatchObject({ error: null });
  await checkNothingLeft(site, session);
  await checkServed(site, session, site.new);
  return { storeMs, answerMs };
}

/** Every file of both commits answers as that commit has it. */
async function checkServed({ root, old, new: later }: KillSite, session: KillSession, served: RemoteState) {
  const paths = [...new Set([...old.answers.keys(), ...later.answers.keys()])];
  const found = await answersOf(session.page, root, paths);
  const wrong = paths.filter((path) => !served.answers.has(path) && !found.get(path)!.startsWith("404 "));
  expect(wrong).toEqual([]);
  for (const path of paths) if (!served.answers.has(path)) found.delete(path);
  expect(differences(found, served.answers)).toEqual([]);
}

/** One snapshot with what it names, and nothing beside it. */
async function checkNothingLeft(site: KillSite, session: KillSession) {
  const names = await session.call("names");
  expect(names).toMatchObject({
    commit: site.new.commit,
    lastError: null,
    snapshots: [names.pointer],
    packs: names.named?.packs,
    tarballs: [names.pointer],
    archiveIndexes: [names.named?.tree],
  });
}
