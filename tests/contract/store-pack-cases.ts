import { systemClock } from "../../src/platform/clock.ts";
import type { Store } from "../../src/store/store.ts";
import { type Case, equal, equalBytes, ok, refused } from "./store-case.ts";
import { longestGap } from "./store-heartbeat.ts";
import { indexBytes, packBytes, sampleBytes, storePack } from "./store-samples.ts";

const MiB = 1024 * 1024;

/** Writing packs while they arrive, and reading them. */
export function packCases(open: (place: string) => Promise<Store>): Case[] {
  return [
    {
      title: "a pack is invisible before commit, and whole after it",
      run: async () => {
        const [store, other] = await Promise.all([open("commit"), open("commit")]);
        const writer = store.packWriter();
        const bytes = packBytes("a1", 5_000);
        const reused = new Uint8Array(1_000);
        for (let at = 0; at < bytes.length; at += reused.length) {
          reused.set(bytes.subarray(at, at + reused.length));
          await writer.write(reused);
        }
        reused.fill(0);
        equal(await other.pack("a1"), undefined, "pack before commit");
        const idx = indexBytes("a1");
        await writer.commit("a1", idx);
        idx.fill(0);
        const pack = await other.pack("a1");
        equal([pack?.key, pack?.size], ["a1", 5_000], "key and size");
        equalBytes(await pack?.read(0, 5_000), bytes, "pack");
        equalBytes(await pack?.idx(), indexBytes("a1"), "idx");
        await Promise.all([store.close(), other.close()]);
      },
    },
    {
      title: "an aborted writer leaves nothing, and writes no more",
      run: async () => {
        const store = await open("abort");
        const writer = store.packWriter();
        await writer.write(packBytes("a1"));
        await writer.abort();
        await writer.abort();
        await refused("aborted", writer.commit("a1", indexBytes("a1")), "commit after abort");
        await refused("aborted", writer.write(packBytes("a1")), "write after abort");
        equal(await store.pack("a1"), undefined, "pack");
        equal((await store.collect(new Set())).packs, 0, "packs to collect");
        await store.close();
      },
    },
    {
      title: "abort after commit keeps the pack",
      run: async () => {
        const store = await open("late-abort");
        const writer = store.packWriter();
        await writer.write(packBytes("a1"));
        await writer.commit("a1", indexBytes("a1"));
        await writer.abort();
        equalBytes(await (await store.pack("a1"))?.read(0, 1_000), packBytes("a1"), "pack");
        await store.close();
      },
    },
    {
      title: "committing twice is one pack",
      run: async () => {
        const store = await open("twice");
        await storePack(store, "a1");
        const held = await store.pack("a1");
        const writer = store.packWriter();
        await writer.write(packBytes("a1"));
        await writer.commit("a1", indexBytes("a1"));
        await writer.commit("a1", indexBytes("a1"));
        equalBytes(await held?.read(0, 1_000), packBytes("a1"), "pack opened before");
        equalBytes(await (await store.pack("a1"))?.read(0, 1_000), packBytes("a1"), "pack opened after");
        equal((await store.collect(new Set())).packs, 1, "packs to collect");
        await store.close();
      },
    },
    {
      title: "an empty pack is a pack of no bytes",
      run: async () => {
        const store = await open("empty");
        await store.packWriter().commit("a1", indexBytes("a1"));
        const pack = await store.pack("a1");
        equal(pack?.size, 0, "size");
        equal((await pack?.read(0, 10))?.length, 0, "bytes");
        await store.close();
      },
    },
    {
      title: "reads at boundaries",
      run: async () => {
        const store = await open("boundaries");
        const size = 2 * MiB + 17;
        const bytes = packBytes("a1", size);
        const writer = store.packWriter();
        // Writes that begin and end within pieces, and one that is larger than a piece.
        await writer.write(bytes.subarray(0, 3));
        await writer.write(bytes.subarray(3, 3));
        await writer.write(bytes.subarray(3, MiB + 9));
        await writer.write(bytes.subarray(MiB + 9));
        await writer.commit("a1", indexBytes("a1"));
        const pack = await store.pack("a1");
        ok(pack !== undefined, "no pack");
        const ranges = [
          [0, 1],
          [0, 0],
          [MiB - 1, 1],
          [MiB - 1, 2],
          [MiB, 1],
          [MiB - 5, MiB + 10],
          [2 * MiB, 17],
          [2 * MiB, 18],
          [size - 1, 1],
          [size - 1, 100],
          [size, 1],
          [size + 5, 5],
          [0, size + MiB],
        ] as const;
        for (const [offset, length] of ranges) {
          const expected = bytes.subarray(offset, offset + length);
          equalBytes(await pack?.read(offset, length), expected, `${length} bytes at ${offset}`);
        }
        const both = await Promise.all([pack?.read(10, 20), pack?.read(MiB, 20)]);
        equalBytes(both[0], bytes.subarray(10, 30), "first of two reads at once");
        equalBytes(both[1], bytes.subarray(MiB, MiB + 20), "second of two reads at once");
        await store.close();
      },
    },
    {
      title: "what a reader returns is the reader's own",
      run: async () => {
        const store = await open("own");
        await storePack(store, "a1");
        const pack = await store.pack("a1");
        (await pack?.read(0, 100))?.fill(0);
        (await pack?.idx())?.fill(0);
        equalBytes(await pack?.read(0, 100), packBytes("a1").subarray(0, 100), "pack");
        equalBytes(await pack?.idx(), indexBytes("a1"), "idx");
        await store.close();
      },
    },
    {
      title: "a pack of 11 MB in network pieces keeps the heart beating",
      run: async () => {
        const store = await open("large");
        const size = 11 * MiB;
        const bytes = sampleBytes(size, 9);
        const idx = sampleBytes(1_200_000, 8);
        const gaps: Record<"idle" | "write" | "commit" | "read", number[]> = {
          idle: [],
          write: [],
          commit: [],
          read: [],
        };
        const times: Record<"commit" | "slice", number[]> = { commit: [], slice: [] };
        for (let run = 0; run < 5; run++) {
          // What the machine does to a thread that does nothing: the figure beside which the others are read.
          gaps.idle.push((await longestGap(() => systemClock.sleep(100))).gapMs);
          const writer = store.packWriter();
          const written = await longestGap(async () => {
            for (let at = 0; at < size; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536));
          });
          gaps.write.push(written.gapMs);
          const began = performance.now();
          gaps.commit.push((await longestGap(() => writer.commit(`a${run}`, idx))).gapMs);
          times.commit.push(performance.now() - began);
          const pack = await store.pack(`a${run}`);
          const started = performance.now();
          for (let at = 0; at < size; at += MiB / 8) {
            const found = await pack?.read(at, 1_500);
            equalBytes(found, bytes.subarray(at, at + 1_500), `1500 bytes at ${at}`);
          }
          times.slice.push((performance.now() - started) / 88);
          const read = await longestGap(async () => {
            for (let at = 0; at < size; at += MiB) await pack?.read(at, MiB);
            return pack?.idx();
          });
          gaps.read.push(read.gapMs);
          equalBytes(read.result, idx, "idx");
        }
        await store.close();
        // The best run counts: a call that blocks does so each time, a disturbance by the machine does not.
        for (const step of ["write", "commit", "read"] as const) {
          const best = Math.min(...gaps[step]);
          ok(best < 25, `${step} blocks the thread for ${best.toFixed(1)} ms`);
        }
        const told = Object.entries(gaps).map(([step, values]) => `${step} ${summary(values)}`);
        return `longest gaps, median (best–worst) of five: ${told.join(", ")} ms; commit takes ${summary(times.commit)} ms, 1.5 KB ${summary(times.slice)} ms`;
      },
    },
  ];
}

function summary(values: readonly number[]): string {
  const sorted = [...values].sort((left, right) => left - right);
  const [median = 0, best = 0, worst = 0] = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)];
  return `${median.toFixed(1)} (${best.toFixed(1)}–${worst.toFixed(1)})`;
}
