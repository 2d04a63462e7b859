import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../fixtures/random.ts";
import { control, killAnytime, killCase, prepare, type Reopening, stepsOf } from "../support/serving/kill-case.ts";
import { endings, KillSession } from "../support/serving/kill-session.ts";
import { type KillSite, openKillSite } from "../support/serving/kill-site.ts";

// Every step by which a sync changes the store, ended in every way, at three moments of the step. Then the old snapshot serves or the
// new one, within two seconds; the next sync succeeds; and nothing is left that no snapshot names.

/** Syncs that are ended at a random moment, of each scenario and ending. */
const randomCases = 10;
/** Longer than either sync takes. */
const longestMs = 900;
const scenarios = ["first sync", "update"] as const;
const moments = ["within", "issued", "after"] as const;

let site: KillSite;
let session: KillSession;
const reopenings: Reopening[] = [];

beforeAll(async () => {
  site = await openKillSite();
  session = await KillSession.open(site.page);
  await control(site, session);
});
afterAll(async () => {
  const worst = (of: (one: Reopening) => number) => Math.max(...reopenings.map(of)).toFixed(0);
  const [store, answer] = [worst(({ storeMs }) => storeMs), worst(({ answerMs }) => answerMs)];
  console.log(
    `${reopenings.length} syncs ended; store open again after ${store} ms at most, first answer ${answer} ms`,
  );
  await session?.close();
  await site?.[Symbol.asyncDispose]();
});

test.each(scenarios)("there are no other steps: %s", async (scenario) => {
  await prepare(site, session, scenario);
  const { error, steps } = await session.call("sync", null);
  expect({ error, steps }).toEqual({ error: null, steps: stepsOf[scenario] });
});

describe.each(scenarios)("%s", (scenario) => {
  describe.each(endings)("%s", (ending) => {
    describe.each(moments)("%s", (moment) => {
      test.each(stepsOf[scenario])(
        "%s",
        async (step) => {
          reopenings.push(await killCase(site, session, scenario, { step, moment }, ending));
        },
        60_000,
      );
    });

    const random = new Random(`kill-matrix/${scenario}/${ending}`);
    const times = Array.from({ length: randomCases }, () => random.int(longestMs));
    test.each(times)(
      "at a random moment, after %i ms",
      async (ms) => {
        reopenings.push(await killAnytime(site, session, scenario, ms, ending));
      },
      60_000,
    );
  });
});
