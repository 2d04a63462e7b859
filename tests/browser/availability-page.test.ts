import { afterAll, beforeAll, describe, expect } from "vitest";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { checkUnless } from "../support/check-unless.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";

/** Enough that a clone which never gives way is felt: its policy must show in the figures. */
const versions = 5_000;

/** A table of the page: row → policy → text. */
type Figures = Record<string, Record<string, string>>;

function milliseconds(text: string | undefined): number {
  const match = /^([\d.]+)\s(ms|s)$/.exec(text ?? "");
  if (match === null) throw new Error(`no duration: ${text}`);
  return Number(match[1]) * (match[2] === "s" ? 1000 : 1);
}

describe.each(browserNames)("%s", (name) => {
  const missing = skipReason(name);
  let site: MirrorSite;
  let browser: TestBrowser;
  let page: TestPage;

  beforeAll(async () => {
    if (missing !== null) return;
    site = await mirrorSite({ repository: await makeOpamRepository({ versions, seed: 3, commits: 1 }) });
    browser = await launch(name);
    page = await browser.open(site.url);
    await dashboardReady(page, 60_000);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  const check = checkUnless(missing);

  const show = (hash: string) =>
    page.evaluate((wanted) => {
      location.hash = wanted;
    }, hash);
  const press = () => page.evaluate(() => document.querySelector<HTMLButtonElement>(".experiment button")?.click());
  const choose = (policies: readonly string[]) =>
    page.evaluate((wanted) => {
      for (const box of document.querySelectorAll<HTMLInputElement>(".experiment input")) {
        if (box.checked !== wanted.includes(box.name)) box.click();
      }
    }, policies);
  const states = () =>
    page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>(".trial")].map(({ dataset }) => `${dataset.policy} ${dataset.state}`),
    );
  const databases = () => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).sort());

  check("the page's code arrives when it is opened, and says what it will do", async () => {
    const scripts = () =>
      page.evaluate(
        () => performance.getEntriesByType("resource").filter((entry) => /availability-page/.test(entry.name)).length,
      );
    expect(await scripts()).toBe(0);
    await show("#/availability");
    await page.waitFor(() => document.querySelector(".trial") !== null, 10_000);
    expect(await states()).toEqual(["never waiting", "every waiting", "budget waiting"]);
    expect(await page.evaluate(() => document.title)).toBe("Availability – opam mirror");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
  });

  check("three runs show what each policy does, and leave the mirror alone", async () => {
    const before = await databases();
    await press();
    await page.waitFor(() => document.querySelectorAll(".trial[data-state=done]").length === 3, 110_000);
    const figures = await page.evaluate((): Figures => {
      const table = document.querySelector<HTMLTableElement>("table.measured")!;
      const policies = [...table.tHead!.querySelectorAll<HTMLElement>("th")].map(({ dataset }) => dataset.policy!);
      const row = ({ cells }: HTMLTableRowElement) => [
        cells[0]!.textContent,
        Object.fromEntries(policies.map((policy, index) => [policy, cells[index + 1]!.textContent])),
      ];
      return Object.fromEntries([...table.tBodies[0]!.rows].map(row));
    });
    for (const text of Object.values(figures.Answered!)) {
      const [answered, asked] = text.replaceAll(",", "").split(" of ");
      expect(Number(asked)).toBeGreaterThan(10);
      expect(answered).toBe(asked);
    }
    expect(figures.Pauses!.never).toBe("0");
    const objects = await page.evaluate(
      () => /of ([\d,]+) objects/.exec(document.querySelector("caption")!.textContent)![1]!,
    );
    const count = (text: string) => Number(text.replaceAll(",", ""));
    expect(count(objects)).toBeGreaterThan(versions);
    expect(count(figures.Pauses!.every!)).toBeGreaterThan(count(objects));
    expect(count(figures.Pauses!.budget!)).toBeLessThan(count(objects) / 10);
    const longest = figures["Longest wait"]!;
    expect(milliseconds(longest.never)).toBeGreaterThan(milliseconds(longest.budget));
    const half = figures["Half within"]!;
    expect(milliseconds(half.budget)).toBeLessThanOrEqual(16);

    // Plots, sentence and what a screen reader hears are of the same runs.
    expect(
      await page.evaluate(() =>
        [...document.querySelectorAll(".plot-dots")].every((path) => path.getAttribute("d") !== ""),
      ),
    ).toBe(true);
    const said = await page.evaluate(() => document.querySelector(".trials ~ [role=status]")?.textContent);
    expect(said).toBe(await page.evaluate(() => document.querySelector(".finding")?.textContent));
    expect(said).toContain(`The longest wait was ${longest.never}`);
    expect(await databases()).toEqual(before);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });

  check("results are there when one comes back, and a run ends when its page is left", async () => {
    await choose(["budget"]);
    await press();
    await page.waitFor(() => document.querySelector(".trial[data-policy=budget][data-state=running]") !== null, 10_000);
    await show("#/about");
    await page.waitFor(() => document.querySelector(".trial") === null, 10_000);
    await show("#/availability");
    await page.waitFor(() => document.querySelector(".trial[data-state=stopped]") !== null, 10_000);
    expect(await states()).toEqual(["never done", "every done", "budget stopped"]);
  });

  check("a run is stopped by its button and can be started again", async () => {
    await press();
    await page.waitFor(() => document.querySelector(".trial[data-policy=budget][data-state=running]") !== null, 10_000);
    await press();
    await page.waitFor(() => document.querySelector(".trial[data-policy=budget][data-state=stopped]") !== null, 5_000);
    expect(await page.evaluate(() => document.querySelector(".experiment button")?.textContent)).toBe("Run");
    await press();
    await page.waitFor(() => document.querySelector(".trial[data-policy=budget][data-state=done]") !== null, 30_000);
  });

  check("without the server it says in words what is missing", async () => {
    await site.stopServer();
    await press();
    await page.waitFor(() => document.querySelector(".callout[data-kind=error]") !== null, 30_000);
    expect(await page.evaluate(() => document.querySelector(".callout .code-tag")?.textContent)).toBe(
      "remote-unreachable",
    );
    expect(await page.evaluate(() => document.querySelector(".experiment button")?.textContent)).toBe("Run");
  });
});
