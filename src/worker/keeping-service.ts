import { Slice } from "../core/cooperation/slice.ts";
import { errorRecord } from "../core/errors.ts";
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

const protocol = protocolVersion;

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
  const commits = new Map<string, string | null>();
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if (data.protocol !== protocol) return;
    if (data.type === "progress-wanted") tell({ type: "keeping", protocol, keeping: keeper.status() });
    if (data.type === "keeping-order") {
      const answer = (error: unknown) =>
        tell({ type: "keeping-answer", protocol, id: data.id, error: error === null ? null : errorRecord(error) });
      keeper.order(data.order).then(() => answer(null), answer);
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
