import "fake-indexeddb/auto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import type { SnapshotRecord } from "../../src/store/records.ts";
import type { Store } from "../../src/store/store.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { type HostileServer, startHostileServer } from "../support/forge/hostile-replies.ts";
import { openNodeMirror } from "../support/node-mirror.ts";
import { raceRepeats } from "../support/races.ts";

// A pack that is stored and not yet published is named by nothing. Nobody else's clearing up may take it away.

let folder: string;
let source: OpamRepository;
let gitDir: string;
let server: HostileServer;
let opened = 0;

const follow = (branch: string, commit: string) => git(["-C", gitDir, "update-ref", `refs/heads/${branch}`, commit]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-collection-"));
  source = await makeOpamRepository({ versions: 300, commits: 49, seed: "compaction" });
  gitDir = join(folder, "remote.git");
  await copyRepository(source.gitDir, gitDir);
  server = await startHostileServer(gitDir);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens stores on the same data. */
const kinds: readonly (readonly [string, () => () => Promise<Store>])[] = [
  [
    "memory",
    () => {
      const contents = new MemoryContents();
      return async () => createMemoryStore(contents);
    },
  ],
  [
    "fake-indexeddb",
    () => {
      const names = scopeNames(`/collection/${opened++}/`);
      return () => openIndexedDbStore(names, { clock: systemClock });
    },
  ],
];

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

/** A store that counts packs, and holds the publishing of those snapshots that `holds` names until it is told to go on. */
function held(store: Store, holds: (snapshot: SnapshotRecord) => boolean) {
  const [gate, arrived] = [signal(), signal()];
  let packs = 0;
  const wrapped: Store = {
    ...store,
    packWriter: () => {
      packs++;
      return store.packWriter();
    },
    publish: async (snapshot, epoch) => {
      if (holds(snapshot)) {
        arrived.give();
        await gate.given;
      }
      return store.publish(snapshot, epoch);
    },
  };
  return { store: wrapped, arrived: arrived.given, goOn: gate.give, packs: () => packs };
}

describe.each(kinds)("a pack that is about to be published, on %s", (_name, openAll) => {
  const options = { repeats: raceRepeats };

  it("is left alone by the sync of another repository", options, async () => {
    const holding = held(await openAll()(), ({ repository }) => repository === "other");
    await follow("master", source.commits[0]!);
    await follow("other", source.commits[16]!);
    const mirror = await openNodeMirror({ remote: server.url, branch: "master", store: holding.store });
    const other = {
      name: "other",
      remote: server.url,
      gitUrl: server.url,
      branch: "other",
      origins: [],
      upstream: false,
    };
    await mirror.engine.follow([other]);
    await mirror.engine.update("other");
    await holding.arrived;
    expect((await mirror.sync()).lastSync?.error).toBeNull();
    holding.goOn();
    const { commit, lastSync } = (await mirror.engine.settled("other"))!;
    expect({ commit, error: lastSync?.error }).toEqual({ commit: source.commits[16], error: null });
    expect(holding.packs()).toBe(2);
    await mirror.engine.idle();
    await mirror.store.collect(new Set());
    expect(await mirror.store.collect(new Set())).toEqual({ snapshots: 0, packs: 0, tarballs: 0 });
    await mirror.close();
  });

  it("is left alone by the compaction of a leader that was followed by another", options, async () => {
    const open = openAll();
    const old = held(await open(), ({ packs, commit }) => packs.length === 1 && commit === source.commits[16]);
    await follow("master", source.commits[0]!);
    const before = await openNodeMirror({ remote: server.url, store: old.store });
    await before.sync();
    await follow("master", source.commits[16]!);
    await before.sync();
    await old.arrived;
    const next = held(await open(), () => true);
    await follow("master", source.commits[17]!);
    const after = await openNodeMirror({ remote: server.url, store: next.store });
    const synced = after.sync();
    await next.arrived;
    old.goOn();
    await before.engine.rest("default");
    next.goOn();
    const { commit, lastSync } = await synced;
    expect({ commit, error: lastSync?.error }).toEqual({ commit: source.commits[17], error: null });
    await after.engine.rest("default");
    // One that was fetched, and the one that it was compacted into: nothing twice.
    expect(next.packs()).toBe(2);
    await after.store.collect(new Set());
    expect(await after.store.collect(new Set())).toEqual({ snapshots: 0, packs: 0, tarballs: 0 });
    await before.close();
    await after.close();
  });
});
