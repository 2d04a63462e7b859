import "fake-indexeddb/auto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../src/platform/macrotask.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openFileStore } from "../../src/store/files.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import { storeContract } from "./store-contract.ts";
import { indexedDbCases } from "./store-indexeddb-cases.ts";

const places = new Map<string, MemoryContents>();
const openMemory = async (place: string) => {
  const contents = places.get(place) ?? new MemoryContents();
  places.set(place, contents);
  return createMemoryStore(contents, new Slice(systemClock, messageChannelMacrotask(), 4));
};

// fake-indexeddb says quickly whether the logic is right; store-browser.test.ts says whether browsers agree.
const openFake = (place: string) =>
  openIndexedDbStore(scopeNames(`/contract/${place}/`), {
    clock: systemClock,
    slice: new Slice(systemClock, messageChannelMacrotask(), 4),
  });

const folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-contract-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const openFiles = (place: string) =>
  openFileStore(join(folder, place), new Slice(systemClock, messageChannelMacrotask(), 4));

const cases = [
  ...storeContract("files", openFiles),
  ...storeContract("memory", openMemory),
  ...storeContract("fake-indexeddb", openFake),
  ...indexedDbCases("fake-indexeddb", indexedDB),
];

for (const { title, run } of cases) {
  test(title, async () => {
    const note = await run();
    if (typeof note === "string") console.log(`${title}: ${note}`);
  });
}
