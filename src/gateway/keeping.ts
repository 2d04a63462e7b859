import { MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import type { KeepingStatus } from "../protocol/keeping.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { Keeper } from "../sync/keeper.ts";
import { keepsNothing } from "../sync/keeping-order.ts";
import type { WantedArchive } from "../sync/wanted-archives.ts";
import type { Archives, VerifiedArchive } from "./archives.ts";
import { gatewaySlice } from "./event-loop.ts";
import type { FetchedArchives } from "./fetched-archives.ts";
import type { KeepOption, Log } from "./options.ts";

export interface GatewayKeeping {
  readonly keep: readonly KeepOption[];
  /** Bytes, or null. */
  readonly limitBytes: number | null;
  /** Archives that are fetched at a time for whoever asks. */
  readonly parallel: number;
  readonly shelf: FetchedArchives;
}

type Kept = { readonly sha256: string; readonly size: number };

/** Writes down what the command line says; what it said when the gateway was started before is forgotten. */
export async function saveKeeping(
  { keep, limitBytes }: Pick<GatewayKeeping, "keep" | "limitBytes">,
  names: readonly string[],
  store: Store,
): Promise<void> {
  for (const name of names) {
    const what = keep.filter(({ repository }) => (repository ?? name) === name).map((one) => one.what);
    await store.saveKeeping(name, { ...keepsNothing, what: [...new Set(what)], limitBytes });
  }
}

/** Keeps archives by the same rules as in a browser. */
export function gatewayKeeper(
  { parallel, shelf }: GatewayKeeping,
  store: Store,
  archives: Archives,
  openSnapshot: (repository: string) => Promise<Snapshot | null>,
  log: Log,
): Keeper {
  /** In folders that are caches: hashed once, and not at each look. */
  const elsewhere = new Map<string, Kept>();
  const report = new KeepingLog(log);
  return new Keeper({
    store,
    shelf,
    openSnapshot,
    clock: systemClock,
    slice: gatewaySlice,
    // Half of them stay free for whoever asks.
    parallel: Math.max(1, Math.floor(parallel / 2)),
    download: async (item, _progress, signal) => {
      const known = elsewhere.get(item.key);
      if (known !== undefined) return known;
      const { sha256, size } = await opened(archives, item, signal);
      const isHere = (await shelf.records()).some((record) => record.sha256 === sha256);
      if (!isHere) elsewhere.set(item.key, { sha256, size });
      return { sha256, size };
    },
    changed: (status) => {
      if (status.state !== "planning") shelf.decided();
      report.changed(status);
    },
  });
}

/** A download goes on when it is given up here: it may be somebody else's too. */
function opened(archives: Archives, item: WantedArchive, signal: AbortSignal): Promise<Kept> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new MirrorError("aborted", { what: "The download" }));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    const done = async ({ file, sha256, size }: VerifiedArchive) => {
      await file.close();
      resolve({ sha256, size });
    };
    archives
      .open(item.checksum, item.repository)
      .then(done)
      .catch(reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}

/** One line when all that is kept has been tried. */
class KeepingLog {
  readonly #log: Log;
  #last = "";

  constructor(log: Log) {
    this.#log = log;
  }

  changed({ state, wanted, stored, failures, storedBytes }: KeepingStatus): void {
    if (state !== "idle" && state !== "full") return;
    const failed = failures.reduce((count, group) => count + group.count, 0);
    const reasons = failures.map(({ reason, count }) => `${count} × ${reason}`).join(" ");
    const line = `${stored} of ${wanted} archives that are kept are here${failed === 0 ? "" : `; ${failed} could not be had: ${reasons}`}${state === "full" ? "; the limit is reached" : ""}`;
    if (line === this.#last || wanted === 0) return;
    this.#last = line;
    this.#log(line, { event: "kept", wanted, stored, failed, storedBytes, failures });
  }
}
