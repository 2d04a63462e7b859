import { type BrowserName, launch, skipReason } from "../../support/browsers/browser.ts";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import type { SyncFigures } from "../browser/bench-engine.ts";
import { untilAtRest } from "../rest.ts";
import { figure, makeRow } from "../row.ts";
import { firstSyncs } from "./first-sync.ts";

const budget = { atMost: 16, worstAtMost: 40 } as const;

export const gap: Experiment = {
  part: "availability",
  ids: ["availability.gap", "availability.gap-memory", "availability.gap-firefox", "availability.gap-webkit"],
  async measure(bench) {
    const { ours, stock } = await firstSyncs(bench, false);
    const peer = { name: "stock clone in a worker", samples: stock.map(({ longestGapMs }) => longestGapMs) };
    bench.emit(
      makeRow({ id: "availability.gap", unit: "ms", samples: gaps(ours), peer, ...budget, note: culprit(ours) }),
    );
    const { memory } = await alternate(bench.log, bench.runs, {
      memory: () =>
        inFreshChromium(bench.site, async (tab) => {
          await startEngine(tab, { store: "memory" });
          return tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
        }),
    });
    bench.emit(
      makeRow({ id: "availability.gap-memory", unit: "ms", samples: gaps(memory), ...budget, note: culprit(memory) }),
    );
    for (const name of ["firefox", "webkit"] as const) {
      const id = `availability.gap-${name}`;
      const missing = skipReason(name);
      if (missing !== null) {
        bench.skip(id, missing);
        continue;
      }
      const { other } = await alternate(bench.log, bench.runs, { other: () => otherBrowser(bench, name) });
      bench.emit(makeRow({ id, unit: "ms", samples: gaps(other), atMost: 50, worstAtMost: 50, note: culprit(other) }));
    }
  },
};

function gaps(syncs: readonly SyncFigures[]): number[] {
  return syncs.map(({ longestGapMs }) => longestGapMs);
}

/** In which step each run's longest gap fell. */
function culprit(syncs: readonly SyncFigures[]): string {
  const found = syncs.map(({ steps, longestGapMs }) => {
    const step = steps.find((one) => one.longestGapMs >= longestGapMs)?.step ?? "?";
    return `${figure(longestGapMs)} until ${step}`;
  });
  return found.join(", ");
}

async function otherBrowser(bench: Bench, name: BrowserName): Promise<SyncFigures> {
  const browser = await launch(name);
  try {
    const page = await browser.open(bench.site.page);
    await page.waitFor(() => "bench" in globalThis, 10_000);
    await untilAtRest();
    await startEngine(page);
    return await page.evaluate((branch) => globalThis.bench.sync(branch), "master");
  } finally {
    await browser.close();
  }
}
