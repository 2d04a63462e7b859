import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { raceRepeats } from "../support/races.ts";
import { type ClearingProxy, clearingProxy } from "../support/serving/clearing-proxy.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { answersOf, differences } from "../support/serving/page-requests.ts";

/** What an open tab has seen since it began to ask. */
interface Seen {
  readonly asking: boolean;
  readonly answers: number;
  /** Neither the file nor 503, from the service worker; or from the server, while the service worker controlled the page all the time. */
  readonly wrong: readonly string[];
}

describe.each(browserNames)("%s: an answer with Clear-Site-Data", (name) => {
  const missing = skipReason(name);
  let site: MirrorSite;
  let proxy: ClearingProxy;
  let browser: TestBrowser;
  let tabs: TestPage[];
  let expected: ReadonlyMap<string, string>;

  beforeAll(async () => {
    if (missing !== null) return;
    const repository = await makeOpamRepository({ versions: 200, seed: "small" });
    expected = expectedAnswers(await servedHashes(repository.gitDir, repository.commits[0]!));
    site = await mirrorSite({ repository });
    proxy = await clearingProxy(site.url);
    browser = await launch(name);
    tabs = [await browser.open(proxy.base), await browser.open(proxy.base)];
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  test.for(raceRepeats > 0 ? ["storage", "*"] : ["storage"])(
    "takes everything away, and the open tabs clone it again: %s",
    { repeats: raceRepeats },
    async (directive, context) => {
      if (missing !== null) return context.skip(missing);
      await Promise.all(tabs.map((tab) => dashboardReady(tab, 20_000)));
      const root = `${proxy.base}opam/default/`;
      const paths = [...expected.keys()];
      await tabs[0]!.evaluate(ask, root, paths.slice(0, 50), [...expected.values()].slice(0, 50));
      await tabs[1]!.evaluate(async (directive) => {
        const answer = await fetch(`clear-site-data?${encodeURIComponent(directive)}`);
        if (answer.status !== 200) throw new Error(`the server answered ${answer.status}`);
      }, directive);
      // Firefox lets a service worker go on that it has forgotten, for as long as there are pages that had it.
      const registered = () => navigator.serviceWorker.getRegistrations().then(({ length }) => length);
      if (name === "firefox") for (const tab of tabs) await tab.reload();
      for (const tab of tabs) {
        await expect.poll(() => tab.evaluate(registered), { timeout: 20_000 }).toBe(1);
        await expect
          .poll(async () => differences(await answersOf(tab, root, paths), expected), { timeout: 20_000 })
          .toEqual([]);
        await dashboardReady(tab, 20_000);
      }
      if (name === "firefox") return;
      const seen = await tabs[0]!.evaluate(() => {
        const { seen } = globalThis as unknown as { seen: Seen };
        Object.assign(seen, { asking: false });
        return seen;
      });
      expect(seen.wrong).toEqual([]);
      expect(seen.answers).toBeGreaterThan(10);
    },
  );
});

/** In the page: asks for the files, again and again, and writes down what is wrong with the answers. */
function ask(root: string, paths: readonly string[], expected: readonly string[]): void {
  const seen = { asking: true, answers: 0, wrong: [] as string[] };
  Object.assign(globalThis, { seen });
  // Whoever cleared the data took away who answers: from then on the server does, until there is a new one.
  let changes = 0;
  const changed = () => changes++;
  navigator.serviceWorker.addEventListener("controllerchange", changed);
  const askFor = async (i: number): Promise<void> => {
    const before = changes;
    const controlled = navigator.serviceWorker.controller !== null;
    const response = await fetch(root + encodeURI(paths[i]!), { cache: "no-store" });
    const source = response.headers.get("x-opam-source");
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    seen.answers++;
    if (response.status === 200 && expected[i]!.endsWith(hex)) return;
    if (response.status === 503 && source !== null) return;
    const meanwhile = !controlled || changes !== before || navigator.serviceWorker.controller === null;
    if (source === null && meanwhile) return;
    seen.wrong.push(`${paths[i]}: ${response.status} ${source}`);
  };
  const askOn = async () => {
    for (let i = 0; seen.asking; i = (i + 1) % paths.length) {
      // What was under way while its service worker was ended may fail, but not be wrong.
      await askFor(i).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    navigator.serviceWorker.removeEventListener("controllerchange", changed);
  };
  void askOn();
}
