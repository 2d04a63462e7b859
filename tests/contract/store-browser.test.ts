import { afterAll, beforeAll, describe, test } from "vitest";
import { browserNames, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { browserCases } from "./store-browser-cases.ts";
import { type CaseServer, serveCases } from "./store-browser-server.ts";
import type { CaseOutcome } from "./store-browser-worker.ts";

let server: CaseServer;
beforeAll(async () => {
  server = await serveCases();
}, 60_000);
afterAll(() => server?.close());

for (const name of browserNames) {
  const missing = skipReason(name);
  describe.skipIf(missing !== null)(`${name}${missing === null ? "" : ` (${missing})`}`, () => {
    let browser: TestBrowser;
    let page: TestPage;
    beforeAll(async () => {
      browser = await launch(name);
      page = await browser.open(server.url);
    }, 60_000);
    afterAll(() => browser?.close(), 30_000);

    browserCases(undefined, undefined).forEach(({ title }, index) => {
      test(title, async () => {
        const { error, note } = await page.evaluate(runCase, index);
        if (error !== null) throw new Error(error);
        if (note !== null) console.log(`${name} ${browser.version}: ${title}: ${note}`);
      }, 30_000);
    });
  });
}

/** Runs in the page: one worker for all cases, so that they share one profile's databases as contexts of an app do. */
function runCase(index: number): Promise<CaseOutcome> {
  const page = globalThis as unknown as { suite?: Worker; broken?: string };
  if (page.suite === undefined) {
    page.suite = new Worker("/suite.js");
    // What a worker does when its script cannot run; it would never answer, so that later cases fail at once.
    page.suite.onerror = (event) => {
      page.broken = `the suite did not load: ${event.message} (${event.filename}:${event.lineno})`;
      page.suite?.dispatchEvent(new Event("broken"));
    };
  }
  const worker = page.suite;
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(page.broken));
    if (page.broken !== undefined) return fail();
    worker.addEventListener("broken", fail, { once: true });
    worker.onmessage = ({ data }: MessageEvent<CaseOutcome>) => resolve(data);
    worker.postMessage(index);
  });
}
