import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../fixtures/random.ts";
import { StoragePressure } from "../support/serving/storage-pressure.ts";

let mirror: StoragePressure;
let cost: number;

beforeAll(async () => {
  mirror = await StoragePressure.open();
  cost = await mirror.cost();
});
afterAll(async () => {
  await mirror?.[Symbol.asyncDispose]();
});

test.each([5, 20, 50, 95])(
  "room for %i percent of a sync: the old snapshot or the new one, whole, and a clear error",
  async (percent) => {
    await mirror.begin();
    const { commit, lastSync, state } = await mirror.updateWithin(Math.round((cost * percent) / 100));
    // The last of it is index.tar.gz, which comes after the flip.
    const served = commit === mirror.large.commit && percent > 50 ? mirror.large : mirror.small;
    expect({ commit, state, code: lastSync?.error?.code }).toEqual({
      commit: served.commit,
      state: "error",
      code: "store-quota",
    });
    expect(await mirror.differences(served)).toEqual([]);
    // What could not be published is gone, or the next try would have less room than this one.
    expect(await mirror.update()).toMatchObject({
      commit: served.commit,
      lastSync: { error: { code: "store-quota" } },
    });
    await mirror.expectRecovery();
  },
);

test("stored data that is cleared under requests, again and again: never a wrong answer", async () => {
  const random = new Random("clear-site-data");
  const kinds = ["indexeddb", "indexeddb,cache_storage"] as const;
  await mirror.begin();
  let [right, notReady] = [0, 0];
  for (let round = 0; round < 10; round++) {
    const found = await mirror.whileAsking(async () => {
      await mirror.page.cdp!.send("Storage.clearDataForOrigin", {
        origin: mirror.origin,
        storageTypes: kinds[random.int(kinds.length)],
      });
      // Now and then in the middle of the clone that makes good.
      await sleep(random.int(600));
      await mirror.page.cdp!.send("Storage.clearDataForOrigin", { origin: mirror.origin, storageTypes: "indexeddb" });
      await expect.poll(() => mirror.differences(mirror.small), { timeout: 30_000, interval: 100 }).toEqual([]);
    });
    expect(found.wrong, `round ${round}`).toEqual([]);
    right += found.right;
    notReady += found.notReady;
  }
  console.log(`${right} answers were right, ${notReady} were 503`);
});
