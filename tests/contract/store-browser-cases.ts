import type * as isomorphicGit from "isomorphic-git";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../src/platform/macrotask.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import type { Case } from "./store-case.ts";
import { storeContract } from "./store-contract.ts";
import { type GitFixture, gitDirectoryCases } from "./store-git-directory-cases.ts";
import { indexedDbCases } from "./store-indexeddb-cases.ts";

/** All that runs in a browser. In Node it gives the titles: nothing is opened before a case runs. */
export function browserCases(factory: IDBFactory | undefined, git: typeof isomorphicGit | undefined): Case[] {
  const places = new Map<string, MemoryContents>();
  const slice = new Slice(systemClock, messageChannelMacrotask(), 4);
  const openMemory = async (place: string) => {
    const contents = places.get(place) ?? new MemoryContents();
    places.set(place, contents);
    return createMemoryStore(contents, slice);
  };
  const openDatabase = (place: string) =>
    openIndexedDbStore(scopeNames(`/contract/${place}/`), { clock: systemClock, slice });
  const fixture = async () => (await (await fetch("/git-fixture.json")).json()) as GitFixture;
  return [
    ...storeContract("memory", openMemory),
    ...storeContract("indexeddb", openDatabase),
    ...indexedDbCases("indexeddb", factory as IDBFactory),
    ...gitDirectoryCases("LightningFS", { git: git as typeof isomorphicGit, open: openDatabase, fixture }),
  ];
}
