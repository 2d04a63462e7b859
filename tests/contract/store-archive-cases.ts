import type { Store } from "../../src/store/store.ts";
import { type Case, equal, equalBytes, ok, refused } from "./store-case.ts";
import { sampleArchive, sampleBytes, storeArchive } from "./store-samples.ts";

const pieceBytes = 1024 * 1024;

/** Archives: written while they arrive, found by each of their checksums, changed and removed. */
export function archiveCases(open: (place: string) => Promise<Store>): Case[] {
  return [
    {
      title: "archives are stored, counted, listed, found and read back",
      run: async () => {
        const store = await open("archives");
        await storeArchive(store, "11", sampleBytes(100, 1));
        await storeArchive(store, "22", sampleBytes(250, 2));
        await storeArchive(store, "33", sampleBytes(250, 3));
        equal(await store.archiveTotals(), { stored: 3, storedBytes: 600 }, "totals");
        const again = await open("archives");
        const archive = await again.archive("22");
        equal(archive?.record, sampleArchive("22", 250), "record");
        equalBytes(await archive?.read(0, 1_000), sampleBytes(250, 2), "bytes");
        equalBytes(await archive?.read(10, 10), sampleBytes(250, 2).subarray(10, 20), "range");
        equal((await archive?.read(250, 10))?.length, 0, "bytes after the end");
        equal((await again.archiveRecords()).map(({ sha256 }) => sha256).sort(), ["11", "22", "33"], "list");
        for (const algorithm of ["md5", "sha512"] as const) {
          const hex = sampleArchive("33", 0)[algorithm];
          equal(await again.archivesWith(algorithm, hex), ["33"], algorithm);
          equal(await again.archivesWith(algorithm, "c".repeat(hex.length)), [], `another ${algorithm}`);
        }
        equal(await store.archive("44"), undefined, "one that is not there");
        equal(await store.collect(new Set()), { snapshots: 0, packs: 0, tarballs: 0 }, "archives are not collected");
        equalBytes(await (await store.archive("33"))?.read(0, 250), sampleBytes(250, 3), "bytes after collecting");
        await store.close();
      },
    },
    {
      title: "an archive of several pieces is read while it is written, and whole afterwards",
      run: async () => {
        const store = await open("pieces");
        const bytes = sampleBytes(3 * pieceBytes + 12_345, 7);
        const writer = store.archiveWriter();
        for (let at = 0; at < bytes.length; at += 77_777) {
          await writer.write(bytes.subarray(at, at + 77_777));
          equal(writer.size, Math.min(bytes.length, at + 77_777), "size while it is written");
          const from = Math.max(0, at - 500_000);
          const read = await writer.read(from, 1_000);
          ok(read.length > 0, "no bytes while it is written");
          equalBytes(read, bytes.subarray(from, from + read.length), `bytes from ${from}`);
        }
        equal(await store.archive("55"), undefined, "it is there before it was committed");
        equal(await store.archiveTotals(), { stored: 0, storedBytes: 0 }, "totals before");
        await writer.commit(sampleArchive("55", bytes.length));
        const archive = await (await open("pieces")).archive("55");
        equalBytes(await archive?.read(0, bytes.length), bytes, "all bytes");
        for (const at of [0, pieceBytes - 1, pieceBytes, 2 * pieceBytes + 5, bytes.length - 3])
          equalBytes(await archive?.read(at, 10), bytes.subarray(at, at + 10), `range at ${at}`);
        equalBytes(await writer.read(0, 1_000), bytes.subarray(0, 1_000), "bytes by the writer afterwards");
        await refused("aborted", writer.write(bytes), "writing after the end");
        await store.close();
      },
    },
    {
      title: "archives of whole pieces and of no bytes",
      run: async () => {
        const store = await open("edges");
        for (const [name, size] of [
          ["00", 0],
          ["01", pieceBytes],
          ["02", 2 * pieceBytes],
        ] as const) {
          await storeArchive(store, name, sampleBytes(size, 1));
          const archive = await store.archive(name);
          equal(archive?.record.size, size, "size");
          equalBytes(await archive?.read(0, size + 1), sampleBytes(size, 1), `${size} bytes`);
        }
        await store.close();
      },
    },
    {
      title: "what is known of an archive changes without its bytes, and a pin outlives storing it again",
      run: async () => {
        const store = await open("changes");
        await storeArchive(store, "11", sampleBytes(100, 1));
        await store.changeArchive("11", { lastUse: 99, pinned: true });
        await store.changeArchive("22", { pinned: true });
        equal(await store.archive("22"), undefined, "a change of what is not there");
        const { record } = (await store.archive("11"))!;
        equal([record.lastUse, record.pinned, record.verifiedAt], [99, true, 2], "fields");
        await storeArchive(store, "11", sampleBytes(120, 2), { urls: ["https://example.org/b.tar.gz"] });
        const stored = (await store.archive("11"))!;
        equal([stored.record.pinned, stored.record.size], [true, 120], "fields afterwards");
        equal(stored.record.urls, ["https://example.org/a.tar.gz", "https://example.org/b.tar.gz"], "addresses");
        equalBytes(await stored.read(0, 200), sampleBytes(120, 2), "bytes afterwards");
        equal(await store.archiveTotals(), { stored: 1, storedBytes: 120 }, "totals");
        await store.close();
      },
    },
    {
      title: "an archive that is removed, or given up while it is written, leaves nothing",
      run: async () => {
        const store = await open("removed");
        await storeArchive(store, "11", sampleBytes(2 * pieceBytes, 1));
        await store.removeArchive("11");
        await store.removeArchive("22");
        const writer = store.archiveWriter();
        await writer.write(sampleBytes(2 * pieceBytes, 1));
        await writer.abort();
        await refused("aborted", writer.commit(sampleArchive("33", 2 * pieceBytes)), "committing what was given up");
        for (const sha256 of ["11", "22", "33"]) equal(await store.archive(sha256), undefined, sha256);
        equal(await store.archiveTotals(), { stored: 0, storedBytes: 0 }, "totals");
        equal(await store.archivesWith("md5", sampleArchive("11", 0).md5), [], "by its md5");
        await store.close();
      },
    },
    {
      title: "a small archive is read again, where that is offered, until it is replaced or removed",
      run: async () => {
        const store = await open("again");
        const later = async () => {
          const stored = await store.archive("11");
          return stored?.again ?? (async () => (await store.archive("11"))?.read(0, 1_000));
        };
        await storeArchive(store, "11", sampleBytes(500, 1));
        const again = await later();
        equalBytes(await again(), sampleBytes(500, 1), "bytes");
        await store.changeArchive("11", { pinned: true });
        equalBytes(await again(), sampleBytes(500, 1), "bytes after a change of its record");
        await storeArchive(store, "11", sampleBytes(600, 2));
        const offered = (await store.archive("11"))?.again !== undefined;
        if (offered) await refused("store-lost", again(), "the bytes that were replaced");
        const now = await later();
        equalBytes(await now(), sampleBytes(600, 2), "bytes afterwards");
        await store.removeArchive("11");
        if (offered) await refused("store-lost", now(), "the bytes that were removed");
        await store.close();
      },
    },
    {
      title: "an archive is read while it is committed",
      run: async () => {
        const store = await open("committing");
        const bytes = sampleBytes(pieceBytes + 500, 6);
        for (const name of ["a1", "a2", "a3", "a4"]) {
          const writer = store.archiveWriter();
          await writer.write(bytes);
          let committed = false;
          const commit = writer.commit(sampleArchive(name, bytes.length)).then(() => {
            committed = true;
          });
          while (!committed) equalBytes(await writer.read(1_000, 100), bytes.subarray(1_000, 1_100), name);
          await commit;
        }
        await store.close();
      },
    },
    {
      title: "two writers of one archive do not meet",
      run: async () => {
        const store = await open("writers");
        const bytes = sampleBytes(pieceBytes + 500, 4);
        const writers = [store.archiveWriter(), (await open("writers")).archiveWriter()] as const;
        for (let at = 0; at < bytes.length; at += 100_000)
          for (const writer of writers) await writer.write(bytes.subarray(at, at + 100_000));
        for (const writer of writers) await writer.commit(sampleArchive("11", bytes.length));
        equalBytes(await (await store.archive("11"))?.read(0, bytes.length), bytes, "bytes");
        equal(await store.archiveTotals(), { stored: 1, storedBytes: bytes.length }, "totals");
        await store.close();
      },
    },
  ];
}
