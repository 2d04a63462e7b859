import { schemaVersion } from "../../src/store/records.ts";
import type { Store } from "../../src/store/store.ts";
import { type Case, equal, equalBytes, ok, refused } from "./store-case.ts";
import {
  sampleArchiveIndex,
  sampleBytes,
  sampleConfig,
  sampleSnapshot,
  sampleTarball,
  storeArchive,
  storePack,
} from "./store-samples.ts";

/** Tarballs, archives, the small Git files, and what collection deletes. */
export function recordCases(open: (place: string) => Promise<Store>): Case[] {
  return [
    {
      title: "collect keeps what a pointer names and what is pinned",
      run: async () => {
        const store = await open("collect");
        await store.configure(sampleConfig("one"));
        await store.configure(sampleConfig("two"));
        const epochs = { one: await store.takeEpoch("one"), two: await store.takeEpoch("two") };
        for (const key of ["a1", "b2", "c3", "d4", "e5"]) await storePack(store, key);
        await store.publish(sampleSnapshot("s1", "one", ["a1", "c3"]), epochs.one);
        await store.publish(sampleSnapshot("s2", "one", ["b2", "c3"]), epochs.one);
        await store.publish(sampleSnapshot("s3", "one", ["c3"]), epochs.one);
        await store.publish(sampleSnapshot("s4", "two", ["d4"]), epochs.two);
        for (const id of ["s1", "s2", "s3", "s4"]) await store.saveTarball(sampleTarball(id, sampleBytes(10, 1)));
        const present = async () => {
          const found: string[] = [];
          for (const id of ["s1", "s2", "s3", "s4"]) {
            if (await store.snapshot(id)) found.push(id);
            if (await store.tarball(id)) found.push(`tar-${id}`);
          }
          for (const key of ["a1", "b2", "c3", "d4", "e5"]) if (await store.pack(key)) found.push(key);
          return found.join(" ");
        };
        const pinned = await store.collect(new Set(["s1"]));
        equal(await present(), "s1 tar-s1 s3 tar-s3 s4 tar-s4 a1 c3 d4", "after collecting with a pinned snapshot");
        equal(pinned, { snapshots: 1, packs: 2, tarballs: 1 }, "counts with a pinned snapshot");
        const rest = await store.collect(new Set());
        equal(await present(), "s3 tar-s3 s4 tar-s4 c3 d4", "after collecting");
        equal(rest, { snapshots: 1, packs: 1, tarballs: 1 }, "counts");
        await store.close();
      },
    },
    {
      title: "collect deletes any number of orphans",
      run: async () => {
        const store = await open("orphans");
        for (let i = 0; i < 120; i++) await store.saveTarball(sampleTarball(`s${i}`, sampleBytes(10, i)));
        equal(await store.collect(new Set(["s7"])), { snapshots: 0, packs: 0, tarballs: 119 }, "counts");
        ok((await store.tarball("s7")) !== undefined, "the pinned tarball is gone");
        await store.close();
      },
    },
    {
      title: "tarballs are stored, replaced and read back",
      run: async () => {
        const store = await open("tarballs");
        await store.saveTarball(sampleTarball("s1", sampleBytes(100, 1)));
        await store.saveTarball(sampleTarball("s1", sampleBytes(200, 2)));
        const record = await store.tarball("s1");
        equal([record?.snapshot, record?.sha256], ["s1", "e".repeat(64)], "fields");
        equalBytes(await bytesOf(record?.bytes), sampleBytes(200, 2), "bytes");
        await store.close();
      },
    },
    {
      title: "archive indexes are stored, replaced, read back, and kept as long as a snapshot of their tree",
      run: async () => {
        const store = await open("indexes");
        await store.configure(sampleConfig("one"));
        const epoch = await store.takeEpoch("one");
        const pack = await storePack(store, "a1");
        for (const tree of ["t1", "t2", "t3"])
          await store.saveArchiveIndex(sampleArchiveIndex(tree, sampleBytes(40, 1)));
        await store.saveArchiveIndex(sampleArchiveIndex("t2", sampleBytes(80, 2)));
        const record = await store.archiveIndex("t2");
        equal(record, sampleArchiveIndex("t2", sampleBytes(80, 2)), "the record");
        equalBytes(record && new Uint8Array(record.tables), sampleBytes(80, 2), "tables");
        equal(await store.archiveIndex("t4"), undefined, "one that is not there");
        await store.publish({ ...sampleSnapshot("s1", "one", [pack]), tree: "t1" }, epoch);
        await store.publish({ ...sampleSnapshot("s2", "one", [pack]), tree: "t2" }, epoch);
        const left = async () => {
          const found: string[] = [];
          for (const tree of ["t1", "t2", "t3"]) if (await store.archiveIndex(tree)) found.push(tree);
          return found.join(" ");
        };
        await store.collect(new Set(["s1"]));
        equal(await left(), "t1 t2", "after collecting with a pinned snapshot");
        await store.collect(new Set());
        equal(await left(), "t2", "after collecting");
        await store.saveArchiveIndex({ ...sampleArchiveIndex("t2", sampleBytes(40, 1)), schema: 99 });
        await refused("store-newer", store.archiveIndex("t2"), "a later schema");
        await store.close();
      },
    },
    {
      title: "notes are kept by key and replaced",
      run: async () => {
        const store = await open("notes");
        equal(await store.note("one"), undefined, "one that is not there");
        await store.saveNote("one", { hosts: { "a.example": true }, at: 12 });
        await store.saveNote("two", [1, "b"]);
        await store.saveNote("two", [2]);
        const again = await open("notes");
        equal(await again.note("one"), { hosts: { "a.example": true }, at: 12 }, "the first");
        equal(await again.note("two"), [2], "the second");
        await store.close();
      },
    },
    {
      title: "Git files are kept apart by repository",
      run: async () => {
        const store = await open("gitfiles");
        const one = store.gitFiles("one");
        const two = store.gitFiles("two");
        ok(!(await one.loadSuperblock()), "there is a directory before the first was saved");
        const tree = new Map<string | number, unknown>([["/", new Map<string | number, unknown>([[0, { ino: 0 }]])]]);
        await one.writeFile(1, sampleBytes(20, 1));
        await one.writeFile(2, sampleBytes(20, 2));
        await two.writeFile(1, sampleBytes(20, 3));
        equalBytes(await one.readFile(1), sampleBytes(20, 1), "file of one before its directory was saved");
        await one.saveSuperblock(tree);
        await two.saveSuperblock("two");
        tree.set("later", 1);
        const again = (await open("gitfiles")).gitFiles("one");
        const saved = await again.loadSuperblock();
        ok(
          saved instanceof Map && saved.get("/") instanceof Map && !saved.has("later"),
          "the directory is not as saved",
        );
        equalBytes(await again.readFile(1), sampleBytes(20, 1), "file of one");
        equalBytes(await store.gitFiles("two").readFile(1), sampleBytes(20, 3), "file of two");
        equal(await again.readFile(3), undefined, "a file that is not there");
        await again.unlink(2);
        await again.saveSuperblock(tree);
        equal(await store.gitFiles("one").readFile(2), undefined, "a deleted file");
        await store.gitFiles("one").wipe();
        ok(!(await store.gitFiles("one").loadSuperblock()), "the directory survived a wipe");
        equal(await store.gitFiles("one").readFile(1), undefined, "a wiped file");
        equal(await store.gitFiles("two").loadSuperblock(), "two", "directory of the other after a wipe");
        equalBytes(await store.gitFiles("two").readFile(1), sampleBytes(20, 3), "file of the other after a wipe");
        await store.close();
      },
    },
    {
      title: "records of a newer schema are refused, not guessed at",
      run: async () => {
        const store = await open("newer");
        await store.configure(sampleConfig("default"));
        const epoch = await store.takeEpoch("default");
        const pack = await storePack(store, "a1");
        await store.publish({ ...sampleSnapshot("s1", "default", [pack]), schema: 99 }, epoch);
        await store.saveTarball({ ...sampleTarball("s1", sampleBytes(10, 1)), schema: 99 });
        await storeArchive(store, "11", sampleBytes(10, 1), { schema: 99 });
        const { data } = await refused("store-newer", store.snapshot("s1"), "snapshot");
        equal(data, { found: 99, known: schemaVersion }, "what the refusal says");
        await refused("store-newer", store.tarball("s1"), "tarball");
        await refused("store-newer", store.archive("11"), "archive");
        equal(await store.archiveRecords(), [], "archives that can be told of");
        await store.close();
      },
    },
    {
      title: "usage is told in bytes",
      run: async () => {
        const store = await open("usage");
        await storePack(store, "a1", 100_000);
        const { usageBytes, quotaBytes, persisted } = await store.usage();
        ok(usageBytes >= 0 && quotaBytes >= 0 && typeof persisted === "boolean", "not a storage status");
        await store.close();
        return `${usageBytes} bytes used`;
      },
    },
  ];
}

async function bytesOf(blob: Blob | undefined): Promise<Uint8Array | undefined> {
  return blob && new Uint8Array(await blob.arrayBuffer());
}
