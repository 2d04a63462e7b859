import { afterAll, beforeAll, expect, test } from "vitest";
import { control, killCase, prepare, type Scenario, stepsOf } from "../support/serving/kill-case.ts";
import { type Ending, KillSession } from "../support/serving/kill-session.ts";
import { type KillSite, openKillSite } from "../support/serving/kill-site.ts";
import type { Stop } from "../support/serving/kill-steps.ts";

// A few cases of tests/slow/kill-matrix.test.ts, one of each ending.

let site: KillSite;
let session: KillSession;

beforeAll(async () => {
  site = await openKillSite();
  session = await KillSession.open(site.page);
  await control(site, session);
});
afterAll(async () => {
  await session?.close();
  await site?.[Symbol.asyncDispose]();
});

test.each(["first sync", "update"] as const)("the steps of %s are all that the matrix knows", async (scenario) => {
  await prepare(site, session, scenario);
  const { error, steps } = await session.call("sync", null);
  expect({ error, steps }).toEqual({ error: null, steps: stepsOf[scenario] });
});

const cases: readonly (readonly [Scenario, Stop, Ending])[] = [
  ["first sync", { step: "sync: commit pack", moment: "within" }, "worker terminated"],
  ["update", { step: "sync: publish", moment: "within" }, "renderer crashed"],
  ["update", { step: "sync: publish", moment: "after" }, "browser killed"],
  ["update", { step: "compaction: publish", moment: "within" }, "tab closed"],
];

test.each(cases)("%s, %o, %s: old or new, and the next sync makes good", async (scenario, stop, ending) => {
  await killCase(site, session, scenario, stop, ending);
});
