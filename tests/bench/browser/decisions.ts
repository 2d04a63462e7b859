import { Slice } from "../../../src/core/cooperation/slice.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";
import { scopeNames } from "../../../src/protocol/names.ts";
import { ArchiveIndexes } from "../../../src/serve/archive-indexes.ts";
import { ArchiveUrls } from "../../../src/serve/archive-urls.ts";
import { Site } from "../../../src/serve/site.ts";
import { openIndexedDbStore } from "../../../src/store/indexeddb.ts";
import { SnapshotReader } from "../../../src/store/snapshot-reader.ts";

/**
 * What the service worker decides for each fetch event, on `count` URLs that no opam file names, each seen for the first time. Milliseconds of
 * each decision, in the tenths that a page's clock counts: 0 or 0.1 is less than a tenth.
 */
export async function timeDecisions(base: string, count: number): Promise<number[]> {
  const slice = new Slice(systemClock, messageChannelMacrotask(), 2);
  const store = await openIndexedDbStore(scopeNames(base), { clock: systemClock, slice });
  const snapshots = new SnapshotReader(store);
  const urls = new ArchiveUrls(new ArchiveIndexes(store), (name) => snapshots.current(name));
  const repositories = await store.repositories();
  await urls.load(repositories);
  if (
    !urls.has(
      "https://raw.githubusercontent.com/ocaml/opam-source-archives/main/patches/ocamlfind/0001-Harden-test-for-OCaml-5.patch",
    )
  )
    throw new Error("The archive index is not there.");
  const site = new Site(base, false, urls);
  site.configure(repositories.map(({ config }) => config));
  const asked = Array.from(
    { length: count },
    (_, i) =>
      `https://host-${i % 83}.example.org/${(i * 7919).toString(36)}/releases/download/v${i}/a-${i}.tar.gz?x=${i}`,
  );
  const times: number[] = [];
  for (const url of asked) {
    const begun = performance.now();
    const route = site.route(new URL(url), { method: "GET", destination: "" });
    times.push(performance.now() - begun);
    if (route !== null) throw new Error(url);
  }
  await store.close();
  return times;
}
