import type { Store } from "../../src/store/store.ts";
import { type Case, equal, ok, refused } from "./store-case.ts";
import { sampleConfig, sampleLastSync, sampleSnapshot, storePack } from "./store-samples.ts";

/** Pointers, epochs and publishing. `open` opens the store kept at a place: the same place twice is the same contents. */
export function repositoryCases(open: (place: string) => Promise<Store>): Case[] {
  return [
    {
      title: "missing things are undefined",
      run: async () => {
        const store = await open("missing");
        equal(await store.repositories(), [], "repositories");
        equal(await store.repository("none"), undefined, "repository");
        equal(await store.snapshot("none"), undefined, "snapshot");
        equal(await store.pack("none"), undefined, "pack");
        equal(await store.tarball("none"), undefined, "tarball");
        equal(await store.archive("none"), undefined, "archive");
        equal(await store.archiveTotals(), { stored: 0, storedBytes: 0 }, "totals");
        equal(await store.collect(new Set()), { snapshots: 0, packs: 0, tarballs: 0 }, "collected");
        await refused("store-lost", store.takeEpoch("none"), "epoch of a repository without a record");
        await store.close();
      },
    },
    {
      title: "configure keeps pointer, epoch and last sync",
      run: async () => {
        const store = await open("configure");
        const first = await store.configure(sampleConfig("default"));
        equal([first.snapshot, first.epoch, first.lastSync], [null, 0, null], "first record");
        const epoch = await store.takeEpoch("default");
        await store.publish(sampleSnapshot("s1", "default", [await storePack(store, "a1")]), epoch);
        await store.saveLastSync("default", epoch, sampleLastSync(3), "master");
        const again = await store.configure(sampleConfig("default", "https://example.org/moved.git"));
        equal(again, await store.repository("default"), "returned record");
        equal(again.config.remote, "https://example.org/moved.git", "remote");
        equal([again.snapshot, again.epoch, again.branch], ["s1", epoch, "master"], "kept fields");
        equal(again.lastSync, sampleLastSync(3), "last sync");
        equal([first.moved, again.moved], [undefined, true], "moved");
        await store.publish(sampleSnapshot("s2", "default", ["a1"]), epoch);
        equal((await store.repository("default"))?.moved, undefined, "moved, after the next publish");
        equal((await store.configure(again.config)).moved, undefined, "moved, configured as before");
        await store.publish(sampleSnapshot("s1", "default", ["a1"]), epoch);
        ok((await store.snapshot("s1")) !== undefined, "the old snapshot must go on serving");
        await store.close();
      },
    },
    {
      title: "repositories are independent of each other",
      run: async () => {
        const store = await open("several");
        await store.configure(sampleConfig("one"));
        await store.configure(sampleConfig("two"));
        const epoch = await store.takeEpoch("one");
        await store.publish(sampleSnapshot("s1", "one", [await storePack(store, "a1")]), epoch);
        equal((await store.repositories()).map((record) => record.name).sort(), ["one", "two"], "names");
        equal((await store.repository("two"))?.snapshot, null, "pointer of the other");
        equal((await store.repository("two"))?.epoch, 0, "epoch of the other");
        await store.close();
      },
    },
    {
      title: "publish flips the pointer and returns the snapshot unchanged",
      run: async () => {
        const store = await open("publish");
        await store.configure(sampleConfig("default"));
        const epoch = await store.takeEpoch("default");
        const snapshot = sampleSnapshot("s1", "default", [await storePack(store, "a1")]);
        await store.publish(snapshot, epoch);
        equal((await store.repository("default"))?.snapshot, "s1", "pointer");
        equal(await store.snapshot("s1"), snapshot, "snapshot");
        await store.close();
      },
    },
    {
      title: "a refused publish changes nothing",
      run: async () => {
        const store = await open("atomic");
        await store.configure(sampleConfig("default"));
        const old = await store.takeEpoch("default");
        const key = await storePack(store, "a1");
        await store.publish(sampleSnapshot("s1", "default", [key]), old);
        const lost = sampleSnapshot("s2", "default", [key, "b2"]);
        await refused("store-lost", store.publish(lost, old), "publish with a pack that is not there");
        const current = await store.takeEpoch("default");
        const late = store.publish(sampleSnapshot("s3", "default", [key]), old);
        const { data } = await refused("fenced-out", late, "publish with an old epoch");
        equal(data, { repository: "default", epoch: old, current }, "what the refusal says");
        const early = store.publish(sampleSnapshot("s3", "default", [key]), current + 1);
        await refused("fenced-out", early, "publish with an epoch that was never given out");
        equal((await store.repository("default"))?.snapshot, "s1", "pointer");
        equal(await store.snapshot("s2"), undefined, "snapshot of the first refused publish");
        equal(await store.snapshot("s3"), undefined, "snapshot of the second refused publish");
        await store.close();
      },
    },
    {
      title: "epochs grow by one, and an old one cannot record a sync",
      run: async () => {
        const store = await open("epochs");
        await store.configure(sampleConfig("default"));
        const old = await store.takeEpoch("default");
        equal(await store.takeEpoch("default"), old + 1, "next epoch");
        await store.saveLastSync("default", old, sampleLastSync(1), "old");
        equal((await store.repository("default"))?.lastSync, null, "last sync by an old epoch");
        await store.saveLastSync("default", old + 1, sampleLastSync(2), "master");
        await store.saveLastSync("default", old + 1, sampleLastSync(5), null);
        const record = await store.repository("default");
        equal([record?.lastSync, record?.branch], [sampleLastSync(5), "master"], "last sync and branch");
        const taken = await Promise.all([1, 2, 3, 4, 5].map(() => store.takeEpoch("default")));
        equal(new Set(taken).size, 5, "different epochs among five taken at once");
        await store.close();
      },
    },
    {
      title: "what is kept stays through configurations, syncs and publishes",
      run: async () => {
        const [store, other] = await Promise.all([open("keeping"), open("keeping")]);
        const keeping = { what: ["dune", "sha256=00"], paused: true, limitBytes: 5 };
        await store.saveKeeping("default", keeping);
        equal(await store.repository("default"), undefined, "record of an unknown repository");
        await store.configure(sampleConfig("default"));
        equal((await store.repository("default"))?.keeping, undefined, "keeping before anything was said");
        await store.saveKeeping("default", keeping);
        await store.configure(sampleConfig("default"));
        const epoch = await store.takeEpoch("default");
        await store.publish(sampleSnapshot("s1", "default", [await storePack(store, "a1")]), epoch);
        await store.saveLastSync("default", epoch, sampleLastSync(1), null);
        equal((await other.repository("default"))?.keeping, keeping, "keeping");
        await other.saveKeeping("default", { what: [], paused: false, limitBytes: null });
        equal((await store.repository("default"))?.keeping?.what, [], "keeping, changed");
        await Promise.all([store.close(), other.close()]);
      },
    },
    {
      title: "damage is noted for what is served, and forgotten by the next publish",
      run: async () => {
        const [store, other] = await Promise.all([open("damage"), open("damage")]);
        const damage = async () => (await other.repository("default"))?.damage;
        await store.saveDamage("default", "s1", "no such repository");
        equal(await store.repository("default"), undefined, "record of an unknown repository");
        await store.configure(sampleConfig("default"));
        await store.saveDamage("default", "s1", "not served");
        equal(await damage(), undefined, "damage of a snapshot that is not served");
        const epoch = await store.takeEpoch("default");
        const key = await storePack(store, "a1");
        await store.publish(sampleSnapshot("s1", "default", [key]), epoch);
        await store.saveDamage("default", "s1", "first");
        await store.saveDamage("default", "s1", "second");
        equal(await damage(), { snapshot: "s1", reason: "first" }, "damage");
        await store.saveDamage("default", "s0", null);
        equal((await damage())?.reason, "first", "damage after another snapshot was said to be whole");
        await store.saveLastSync("default", epoch, sampleLastSync(1), null);
        await store.configure(sampleConfig("default"));
        equal((await damage())?.reason, "first", "damage after a failed sync and a start");
        await store.saveDamage("default", "s1", null);
        equal(await damage(), undefined, "damage that was none");
        await store.saveDamage("default", "s1", "third");
        await store.publish(sampleSnapshot("s2", "default", [key]), epoch);
        equal(await damage(), undefined, "damage after a publish");
        await store.saveDamage("default", "s1", "of what was served before");
        equal(await damage(), undefined, "damage of what was served before");
        await Promise.all([store.close(), other.close()]);
      },
    },
    {
      title: "two opens see each other's publish",
      run: async () => {
        const [one, two] = await Promise.all([open("shared"), open("shared")]);
        await one.configure(sampleConfig("default"));
        equal((await two.repository("default"))?.snapshot, null, "pointer before");
        const epoch = await one.takeEpoch("default");
        await one.publish(sampleSnapshot("s1", "default", [await storePack(one, "a1")]), epoch);
        equal((await two.repository("default"))?.snapshot, "s1", "pointer after");
        equal((await two.pack("a1"))?.size, 1_000, "pack");
        await one.close();
        equal((await two.snapshot("s1"))?.id, "s1", "snapshot after the publisher has gone");
        await two.close();
      },
    },
    {
      title: "of two leaders that publish at once exactly one wins",
      run: async () => {
        const [one, two] = await Promise.all([open("leaders"), open("leaders")]);
        await one.configure(sampleConfig("default"));
        const key = await storePack(one, "a1");
        for (let round = 0; round < 20; round++) {
          const [first, second] = await Promise.all([one.takeEpoch("default"), two.takeEpoch("default")]);
          const results = await Promise.allSettled([
            one.publish(sampleSnapshot(`one-${round}`, "default", [key]), first),
            two.publish(sampleSnapshot(`two-${round}`, "default", [key]), second),
          ]);
          const winner = first > second ? 0 : 1;
          equal(results.map((result) => result.status).indexOf("fulfilled"), winner, `winner of round ${round}`);
          equal(results.filter((result) => result.status === "fulfilled").length, 1, `winners of round ${round}`);
          const pointer = (await one.repository("default"))?.snapshot;
          equal(pointer, `${winner === 0 ? "one" : "two"}-${round}`, `pointer after round ${round}`);
        }
        await Promise.all([one.close(), two.close()]);
      },
    },
  ];
}
