import { afterAll, beforeAll, expect, test } from "vitest";
import { scopeNames } from "../../src/protocol/names.ts";
import { databaseVersion } from "../../src/store/indexeddb-schema.ts";
import { dashboardReady, textAppears } from "../support/serving/dashboard-page.ts";
import { StoragePressure } from "../support/serving/storage-pressure.ts";
import { tabState } from "../support/serving/tabs.ts";

// One case of each kind; tests/slow/storage-pressure.test.ts has the others.

let mirror: StoragePressure;

beforeAll(async () => {
  mirror = await StoragePressure.open();
});
afterAll(async () => {
  await mirror?.[Symbol.asyncDispose]();
});

test("an update that there is no room for says so, and the old snapshot goes on being served", async () => {
  await mirror.begin();
  const failed = await mirror.updateWithin(100_000);
  expect(failed).toMatchObject({ state: "error", commit: mirror.small.commit });
  expect(failed.lastSync?.error?.code).toBe("store-quota");
  await textAppears(mirror.page, "Free disk space", 5_000);
  expect(await mirror.differences(mirror.small)).toEqual([]);
  await mirror.expectRecovery();
});

test("stored data that is cleared under requests is answered 503 and cloned again", async () => {
  await mirror.begin();
  const found = await mirror.whileAsking(async () => {
    await mirror.page.cdp!.send("Storage.clearDataForOrigin", { origin: mirror.origin, storageTypes: "indexeddb" });
    await expect.poll(async () => mirror.differences(mirror.small), { timeout: 20_000 }).toEqual([]);
  });
  expect(found.wrong).toEqual([]);
  expect(found.right).toBeGreaterThan(0);
});

test("a newer version upgrades the database below three open tabs, and none of them is dead", async () => {
  await mirror.begin();
  const tabs = [mirror.page, await mirror.browser.open(mirror.site.url), await mirror.browser.open(mirror.site.url)];
  await Promise.all(tabs.map((tab) => dashboardReady(tab, 10_000)));
  const newer = await mirror.browser.open(`${mirror.site.url}healthz`);
  const ms = await newer.evaluate(
    (name, version) =>
      new Promise<number>((resolve, reject) => {
        const begun = performance.now();
        const request = indexedDB.open(name, version);
        request.onupgradeneeded = () => void request.result.createObjectStore("of a later version");
        request.onsuccess = () => {
          request.result.close();
          resolve(performance.now() - begun);
        };
        request.onerror = () => reject(request.error);
      }),
    scopeNames(mirror.site.url).database,
    databaseVersion + 1,
  );
  expect(ms).toBeLessThan(3_000);
  const path = [...mirror.small.answers.keys()][0]!;
  for (const tab of tabs) {
    const answer = await tab.evaluate(async (url) => {
      const response = await fetch(url, { cache: "no-store" });
      return `${response.status} ${response.status === 200 ? "" : ((await response.json()) as { code: string }).code}`;
    }, mirror.root + encodeURI(path));
    expect(["200 ", "503 store-newer"]).toContain(answer);
  }
  await tabs[0]!.evaluate(() => globalThis.opamMirror!.update());
  for (const tab of tabs) {
    await expect
      .poll(async () => (await tabState(tab))?.repository?.lastSync?.error?.code, { timeout: 10_000 })
      .toBe("store-newer");
    await textAppears(tab, "Reload all tabs", 5_000);
  }
  for (const tab of [...tabs.slice(1), newer]) await tab.close();
});
