import { setTimeout as sleep } from "node:timers/promises";
import type { Mirror } from "../../../src/client/mirror-interface.ts";
import type { RepositoryStatus } from "../../../src/protocol/status.ts";
import type { TestPage } from "../browsers/browser.ts";

declare global {
  var opamMirror: Mirror | undefined;
}

type Page = Pick<TestPage, "evaluate">;

/** What a tab with the dashboard says of itself. */
export interface TabState {
  readonly leading: boolean;
  readonly repository: RepositoryStatus | null;
}

/** Null when the tab does not answer within a second: it is frozen, gone, or has not loaded. */
export async function tabState(page: Page): Promise<TabState | null> {
  const asked = page.evaluate((): TabState | null => {
    const mirror = globalThis.opamMirror;
    return mirror === undefined
      ? null
      : { leading: mirror.leading, repository: mirror.status?.repositories[0] ?? null };
  });
  return Promise.race([asked.catch(() => null), sleep(1_000, null, { ref: false })]);
}

/** Polls until one of the tabs leads. */
export async function leaderAmong<P extends Page>(pages: readonly P[], timeoutMs = 10_000): Promise<P> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const states = await Promise.all(pages.map(tabState));
    const at = states.findIndex((state) => state?.leading === true);
    if (at >= 0) return pages[at]!;
    if (performance.now() > end) throw new Error(`no tab leads after ${timeoutMs} ms: ${JSON.stringify(states)}`);
    await sleep(20);
  }
}

/**
 * Milliseconds from `since` (of the wall clock) until another engine began to sync, as the tabs say it: every tab that becomes the
 * leader begins with a sync.
 */
export async function takeoverMs(pages: readonly Page[], since: number, timeoutMs = 10_000): Promise<number> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const states = await Promise.all(pages.map(tabState));
    const begun = states.map((state) => Date.parse(state?.repository?.lastSync?.startedAt ?? "") || 0);
    const first = Math.max(...begun);
    if (first > since) return first - since;
    if (performance.now() > end) throw new Error(`no other tab syncs after ${timeoutMs} ms: ${JSON.stringify(states)}`);
    await sleep(20);
  }
}
