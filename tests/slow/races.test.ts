import "fake-indexeddb/auto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import type { Store } from "../../src/store/store.ts";
import { storeContract } from "../contract/store-contract.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { Random } from "../fixtures/random.ts";
import { type HostileServer, startHostileServer } from "../support/forge/hostile-replies.ts";
import { macrotask, openNodeMirror } from "../support/node-mirror.ts";

// Whatever depends on who comes first, as often as RACE_TIMES says. One failure in 200 is a fault.
const times = Number(process.env.RACE_TIMES ?? 200);
process.env.RACE_TIMES = String(times);
await import("../unit/leader-watch.test.ts");
await import("../unit/resident-sync.test.ts");
await import("../contract/compaction.test.ts");

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

describe.each(stores)("engines that know nothing of each other on %s", (_name, open) => {
  let folder: string;
  let source: OpamRepository;
  let gitDir: string;
  let server: HostileServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-races-"));
    source = await makeOpamRepository({ versions: 60, commits: 8, seed: "races" });
    gitDir = join(folder, "remote.git");
    await copyRepository(source.gitDir, gitDir);
    server = await startHostileServer(gitDir);
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  test(`${times} rounds of three at a time, some of which end in the middle`, async () => {
    const random = new Random("races");
    const ends = new Map<string, number>();
    for (let round = 0; round < times; round++) {
      const place = `engines-${opened++}`;
      // Each has a connection of its own, as tabs do.
      const mirrors = await Promise.all(
        [0, 1, 2].map(async () => openNodeMirror({ remote: server.url, store: await open(place) })),
      );
      let tip = "";
      for (const commit of [source.commits[0]!, source.commits[1 + random.int(7)]!]) {
        tip = commit;
        await git(["-C", gitDir, "update-ref", "refs/heads/master", commit]);
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
      const snapshot = (await last.snapshots.current("default"))!;
      for (const path of snapshot.paths()) expect(await snapshot.read(path), path).toBeDefined();
      for (const mirror of [...mirrors, last]) await mirror.close();
    }
    console.log(JSON.stringify(Object.fromEntries(ends)));
  });
});
