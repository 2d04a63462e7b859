import "fake-indexeddb/auto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import type { Store } from "../../src/store/store.ts";
import { storeContract } from "../contract/store-contract.ts";
import type { OpamRepository, OpamRepositoryOptions } from "../fixtures/opam-repository.ts";
import { Random } from "../fixtures/random.ts";
import type { HostileServer } from "../support/forge/hostile-server.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { macrotask, type NodeMirror, openNodeMirror } from "../support/node-mirror.ts";

// Whatever depends on who comes first, as often as RACE_TIMES says. One failure in 200 is a fault. Node warns of abort listeners here
// (MaxListenersExceededWarning): they are Vitest's own, one for each repetition of a test, and none of ours.
const times = Number(process.env.RACE_TIMES ?? 200);
process.env.RACE_TIMES = String(times);
await import("../unit/leader-watch.test.ts");
await import("../unit/resident-sync.test.ts");
await import("../contract/compaction.test.ts");
await import("../contract/collection.test.ts");

let opened = 0;
const shared = new Map<string, MemoryContents>();
const stores: readonly (readonly [string, (place: string) => Promise<Store>])[] = [
  [
    "memory",
    async (place) => {
      const contents = shared.get(place) ?? new MemoryContents();
      shared.set(place, contents);
      return createMemoryStore(contents);
    },
  ],
  ["fake-indexeddb", (place) => openIndexedDbStore(scopeNames(`/races/${place}/`), { clock: systemClock })],
];

describe.each(stores)("races on %s", (name, open) => {
  // Epochs, two leaders, collection and publishing, the same pack twice.
  const races = storeContract(name, open).filter(({ title }) =>
    /epoch|leader|at once|collect|publish|commit/.test(title),
  );
  test.each(races.map(({ title }) => title))(`${times} times: %s`, async (title) => {
    for (let i = 0; i < times; i++) {
      const round = opened++;
      const again = storeContract(name, (place) => open(`${place}-${round}`));
      await again.find((one) => one.title === title)!.run();
    }
  });
});

/** A remote of its own, for the tests of one block. */
function remote(options: OpamRepositoryOptions) {
  let moving: MovingRemote;
  const made = { source: undefined as unknown as OpamRepository, server: undefined as unknown as HostileServer };
  beforeAll(async () => {
    moving = await movingRemote(options);
    Object.assign(made, moving);
  });
  afterAll(() => moving[Symbol.asyncDispose]());
  return { made, follow: (commit: string) => moving.follow(commit) };
}

/** Every path of what is served can be read. */
async function readAll({ snapshots }: NodeMirror): Promise<void> {
  const snapshot = (await snapshots.current("default"))!;
  for (const path of snapshot.paths()) expect(await snapshot.read(path), path).toBeDefined();
}

describe.each(stores)("a compaction in the middle of which another engine takes over, on %s", (_name, open) => {
  const { made, follow } = remote({ versions: 300, commits: 49, seed: "compaction" });

  test(`${times} rounds, at any moment, whether the first engine ends or goes on`, async () => {
    const random = new Random("compaction");
    const ends = new Map<number, number>();
    for (let round = 0; round < times; round++) {
      const { server, source } = made;
      const place = `compaction-${opened++}`;
      const [first, second] = await Promise.all(
        [0, 1].map(async () => openNodeMirror({ remote: server.url, store: await open(place) })),
      );
      if (!first || !second) throw new Error("unreachable");
      await follow(source.commits[0]!);
      await first.sync();
      await follow(source.commits[16]!);
      await first.sync();
      const tip = source.commits[16 + random.int(2)]!;
      await follow(tip);
      for (let turns = random.int(120); turns > 0; turns--) await macrotask();
      const ended = random.int(2) === 0 ? first.engine.close() : first.engine.rest("default");
      const status = await second.sync();
      await Promise.all([ended, second.engine.rest("default")]);
      expect({ round, commit: status.commit, error: status.lastSync?.error }).toEqual({
        round,
        commit: tip,
        error: null,
      });
      await second.sync();
      await second.engine.rest("default");
      await readAll(second);
      const { packs } = (await second.snapshots.current("default"))!.record;
      // What one more commit adds does not pay a compaction of its own.
      expect(packs.length, `round ${round}`).toBeLessThanOrEqual(tip === source.commits[16] ? 1 : 2);
      ends.set(packs.length, (ends.get(packs.length) ?? 0) + 1);
      await second.store.collect(new Set());
      expect(await second.store.collect(new Set())).toEqual({ snapshots: 0, packs: 0, tarballs: 0 });
      await first.close();
      await second.close();
    }
    console.log(`packs at the end: ${JSON.stringify(Object.fromEntries(ends))}`);
  });
});

describe.each(stores)("engines that know nothing of each other on %s", (_name, open) => {
  const { made, follow } = remote({ versions: 60, commits: 8, seed: "races" });

  test(`${times} rounds of three at a time, some of which end in the middle`, async () => {
    const random = new Random("races");
    const ends = new Map<string, number>();
    const { server, source } = made;
    for (let round = 0; round < times; round++) {
      const place = `engines-${opened++}`;
      // Each has a connection of its own, as tabs do.
      const mirrors = await Promise.all(
        [0, 1, 2].map(async () => openNodeMirror({ remote: server.url, store: await open(place) })),
      );
      let tip = "";
      for (const commit of [source.commits[0]!, source.commits[1 + random.int(7)]!]) {
        tip = commit;
        await follow(commit);
        await Promise.all(
          mirrors.map(async (mirror) => {
            for (let turns = random.int(40); turns > 0; turns--) await macrotask();
            const status = await mirror.sync();
            const end = status.lastSync?.error?.code ?? "synced";
            ends.set(end, (ends.get(end) ?? 0) + 1);
            expect(["synced", "fenced-out", "store-lost", "aborted"]).toContain(end);
          }),
        );
      }
      await mirrors[random.int(3)]!.close();
      const last = await openNodeMirror({ remote: server.url, store: await open(place) });
      const status = await last.sync();
      expect({ round, commit: status.commit, error: status.lastSync?.error }).toEqual({
        round,
        commit: tip,
        error: null,
      });
      await readAll(last);
      for (const mirror of [...mirrors, last]) await mirror.close();
    }
    console.log(JSON.stringify(Object.fromEntries(ends)));
  });
});
