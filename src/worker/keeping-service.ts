import { Slice } from "../core/cooperation/slice.ts";
import { type ErrorRecord, errorRecord } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { systemClock } from "../platform/clock.ts";
import { messageChannelMacrotask } from "../platform/macrotask.ts";
import { type Broadcast, protocolVersion } from "../protocol/messages.ts";
import { scopeNames } from "../protocol/names.ts";
import { ArchiveHosts } from "../serve/archive-hosts.ts";
import { SnapshotReader } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { Keeper } from "../sync/keeper.ts";
import { keptDownload } from "./kept-download.ts";
import { storeShelf } from "./store-shelf.ts";

/** As many as a browser opens to one host. */
const parallel = 6;
/** Of reading packs: opam files are read one after the other, in the order in which they are packed. */
const windowBytes = 4 << 20;

/** The gateway has an archive whole before it sends the first byte, and nobody waits here. */
const idleMs = 120_000;

/** Who has not heard the answer asks again for it. */
const rememberedPasses = 100;

const protocol = protocolVersion;

type KeepingAnswer = Extract<Broadcast, { type: "keeping-answer" }>;

/** Keeps archives in this thread, and talks about it on the progress channel of its scope. Whoever calls this holds the leader lock. */
export function startKeeping(base: string, store: Store, sliceMs: number): Keeper {
  const macrotask = messageChannelMacrotask();
  const slice = () => new Slice(systemClock, macrotask, sliceMs);
  const snapshots = new SnapshotReader(store, { windowBytes });
  const channel = new BroadcastChannel(scopeNames(base).progressChannel);
  const fetcher: typeof fetch = (url, init) => fetch(url, init);
  const tell = (message: Broadcast) => channel.postMessage(message);
  const keeper = new Keeper({
    store,
    shelf: storeShelf(store, slice, () => systemClock.wall()),
    openSnapshot: (repository) => snapshots.current(repository),
    clock: systemClock,
    slice,
    parallel,
    download: keptDownload({
      base,
      fetch: fetcher,
      store,
      clock: systemClock,
      slice,
      archiveBytes: defaultLimits.archiveBytes,
      hosts: new ArchiveHosts({ store, fetch: fetcher, clock: systemClock }),
      idleMs,
    }),
    changed: (keeping) => tell({ type: "keeping", protocol, keeping }),
  });
  const passes = new Map<string, Pick<KeepingAnswer, "error" | "report">>();
  /** Begins one pass for an order, however often it is said, and says as often how that stands. */
  const verify = (id: string) => {
    const answer = (now: Pick<KeepingAnswer, "error" | "report">) => {
      passes.set(id, now);
      tell({ type: "keeping-answer", protocol, id, ...now });
    };
    const pass = passes.get(id);
    answer(pass ?? { error: null, report: null });
    for (const oldest of [...passes.keys()].slice(0, -rememberedPasses)) passes.delete(oldest);
    if (pass !== undefined) return;
    keeper.verify().then(
      (report) => answer({ error: null, report }),
      (thrown: unknown) => answer({ error: errorRecord(thrown) }),
    );
  };
  const commits = new Map<string, string | null>();
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if (data.protocol !== protocol) return;
    if (data.type === "progress-wanted") tell({ type: "keeping", protocol, keeping: keeper.status() });
    if (data.type === "keeping-order") {
      const { id, order } = data;
      const answer = (error: ErrorRecord | null) => tell({ type: "keeping-answer", protocol, id, error });
      if (order.type === "verify") verify(id);
      else
        keeper.order(order).then(
          () => answer(null),
          (thrown: unknown) => answer(errorRecord(thrown)),
        );
    }
    if (data.type === "progress" && data.repository.state !== "syncing") {
      const { name, commit } = data.repository;
      if (commits.get(name) !== commit) void keeper.refresh().catch(() => undefined);
      commits.set(name, commit);
    }
  };
  void keeper.refresh().catch(() => undefined);
  return keeper;
}
