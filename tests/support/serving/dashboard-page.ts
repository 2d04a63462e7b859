import type { TestPage } from "../browsers/browser.ts";

/** Waits until the dashboard itself shows the repository as ready. */
export function dashboardReady(page: TestPage, timeoutMs: number): Promise<void> {
  return page.waitFor(() => document.querySelector("[data-repository][data-state=ready]") !== null, timeoutMs);
}

/** The dashboard's text, taken at a moment at which it shows the repository as ready: between two syncs. */
export function readyText(page: TestPage): Promise<string> {
  return page.evaluate(async () => {
    const end = performance.now() + 10_000;
    while (document.querySelector("[data-repository][data-state=ready]") === null) {
      if (performance.now() > end) throw new Error("the dashboard did not become ready within 10 s");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return document.body.innerText;
  });
}

/** Waits in the page until a text can be seen there; returns the milliseconds it took. */
export function textAppears(page: TestPage, text: string, timeoutMs: number): Promise<number> {
  return page.evaluate(
    async (text, timeoutMs) => {
      const begun = performance.now();
      const seen = () => document.body.innerText;
      while (!seen().includes(text)) {
        if (performance.now() - begun > timeoutMs) throw new Error(`not on the page: ${text}\n${seen()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return performance.now() - begun;
    },
    text,
    timeoutMs,
  );
}
