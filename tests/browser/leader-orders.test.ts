import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scopeNames } from "../../src/protocol/names.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { launch, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { leaderAmong } from "../support/serving/tabs.ts";

let site: MirrorSite;
let browser: TestBrowser;
let page: TestPage;

beforeAll(async () => {
  site = await mirrorSite({ repository: await makeOpamRepository({ versions: 60, seed: 8, commits: 1 }) });
  browser = await launch("chromium");
  page = await browser.open(site.url);
  await dashboardReady(page, 20_000);
  await leaderAmong([page]);
});
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

/** A page that leads: it says that it lives, that orders are being carried out, what was verified long ago, and does nothing. */
async function idleLeader(): Promise<TestPage> {
  const idle = await browser.open(`${site.url}healthz`);
  await idle.evaluate(async ({ leaderLock, leaderChannel, progressChannel }) => {
    const asked: string[] = [];
    Object.assign(globalThis, { asked });
    const beats = new BroadcastChannel(leaderChannel);
    beats.onmessage = ({ data }) => {
      if (data.type === "beat-wanted") beats.postMessage({ type: "beat", protocol: 1 });
    };
    const orders = new BroadcastChannel(progressChannel);
    const old = { running: false, checked: 999, total: 999, bad: [], finishedAt: "2026-01-01T00:00:00.000Z" };
    orders.onmessage = ({ data }) => {
      if (data.type !== "keeping-order") return;
      asked.push(data.id);
      orders.postMessage({ type: "keeping-answer", protocol: 1, id: data.id, error: null, report: null });
      orders.postMessage({ type: "keeping", protocol: 1, keeping: { failures: [], active: [], verify: old } });
    };
    await new Promise<void>((leads) => {
      void navigator.locks
        .request(leaderLock, { steal: true }, () => {
          leads();
          return new Promise(() => undefined);
        })
        .catch(() => undefined);
    });
  }, scopeNames(site.url));
  return idle;
}

describe("orders to the tab that leads", () => {
  test("verify gives the report of the pass that was asked for, also from the one that follows a leader", async () => {
    const stored = await page.evaluate(
      async (hex) => (await fetch(`opam/default/cache/sha256/${hex.slice(0, 2)}/${hex}`)).status,
      site.archive.sha256,
    );
    expect(stored).toBe(200);
    const idle = await idleLeader();
    await page.waitFor(() => globalThis.opamMirror?.leading === false, 10_000);
    await page.evaluate(() => {
      const outcome = globalThis.opamMirror!.archives.verify().then(
        (report) => JSON.stringify([report.running, report.checked, report.total, report.bad]),
        (thrown: { code?: string }) => thrown.code ?? String(thrown),
      );
      Object.assign(globalThis, { outcome });
    });
    await idle.waitFor(() => (globalThis as unknown as { asked: string[] }).asked.length >= 2, 10_000);
    const ids = await idle.evaluate(() => new Set((globalThis as unknown as { asked: string[] }).asked).size);
    expect(ids).toBe(1);
    await idle.close();
    const outcome = await page.evaluate(() => (globalThis as unknown as { outcome: Promise<string> }).outcome);
    expect(JSON.parse(outcome)).toEqual([false, 1, 1, []]);
  });

  test("update settles when the page that leads is frozen in the middle of it", async () => {
    await leaderAmong([page]);
    const settled = await page.evaluate(async () => {
      const mirror = globalThis.opamMirror!;
      const update = mirror.update().then(
        () => "started",
        (thrown: { code?: string }) => thrown.code ?? String(thrown),
      );
      // In one turn: what the page has just asked for is lost with its sync worker.
      document.dispatchEvent(new Event("freeze"));
      await new Promise((resolve) => setTimeout(resolve, 100));
      document.dispatchEvent(new Event("resume"));
      const late = new Promise<string>((resolve) => setTimeout(() => resolve("never"), 15_000));
      return Promise.race([update, late]);
    });
    expect(settled).toBe("started");
  });

  test("orders that nobody carries out end with the mirror", async () => {
    const other = await browser.open(site.url);
    await dashboardReady(other, 20_000);
    const idle = await idleLeader();
    await other.waitFor(() => globalThis.opamMirror?.leading === false, 10_000);
    const codes = await other.evaluate(async () => {
      const mirror = globalThis.opamMirror!;
      const code = (thrown: { code?: string }) => thrown.code ?? String(thrown);
      const orders = [mirror.update().then(() => "started", code), mirror.archives.verify().then(() => "done", code)];
      await new Promise((resolve) => setTimeout(resolve, 50));
      await mirror.close();
      return Promise.all(orders);
    });
    expect(codes).toEqual(["aborted", "aborted"]);
    await idle.close();
    await other.close();
  });
});
