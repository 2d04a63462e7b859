import { Slice } from "../../../src/core/cooperation/slice.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";
import { scopeNames } from "../../../src/protocol/names.ts";
import { ArchiveIndexes } from "../../../src/serve/archive-indexes.ts";
import { ArchiveUrls } from "../../../src/serve/archive-urls.ts";
import { Site } from "../../../src/serve/site.ts";
import { openIndexedDbStore } from "../../../src/store/indexeddb.ts";
import { SnapshotReader } from "../../../src/store/snapshot-reader.ts";

/** A URL that opam files of the real repository name. */
const named =
  "https://raw.githubusercontent.com/ocaml/opam-source-archives/main/patches/ocamlfind/0001-Harden-test-for-OCaml-5.patch";
/** Decisions between two turns of the event loop, in which the store is read. */
const burst = 20;

export interface Decisions {
  /** Milliseconds of each, in the tenths that a page's clock counts: 0 or 0.1 is less than a tenth. */
  readonly times: readonly number[];
  /** How many were taken before the archive index was read: those are given to the handler, which passes them on. */
  readonly early: number;
}

/**
 * What the service worker decides for each fetch event, on `count` URLs that no opam file names, each seen for the first time. `restarted`: from the
 * first moment on, while configuration and archive index are read.
 */
export async function timeDecisions(base: string, count: number, restarted: boolean): Promise<Decisions> {
  const macrotask = messageChannelMacrotask();
  const slice = new Slice(systemClock, macrotask, 2);
  const store = await openIndexedDbStore(scopeNames(base), { clock: systemClock, slice });
  const snapshots = new SnapshotReader(store);
  const urls = new ArchiveUrls(new ArchiveIndexes(store), (name) => snapshots.current(name));
  const site = new Site(base, false, urls);
  const reading = store.repositories().then(async (repositories) => {
    site.configure(repositories.map(({ config }) => config));
    await urls.load(repositories);
  });
  if (!restarted) await reading;
  const asked = Array.from(
    { length: count },
    (_, i) =>
      `https://host-${i % 83}.example.org/${(i * 7919).toString(36)}/releases/download/v${i}/a-${i}.tar.gz?x=${i}`,
  );
  const times: number[] = [];
  let early = 0;
  for (const url of asked) {
    const begun = performance.now();
    const route = site.route(new URL(url), { method: "GET", destination: "" });
    times.push(performance.now() - begun);
    if (route?.kind === "undecided") early++;
    else if (route !== null) throw new Error(url);
    if (restarted && times.length % burst === 0) await macrotask();
  }
  await reading;
  if (!urls.has(named)) throw new Error("The archive index is not there.");
  await store.close();
  return { times, early };
}
