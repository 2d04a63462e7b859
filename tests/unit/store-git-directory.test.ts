import * as git from "isomorphic-git";
import { test } from "vitest";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import { gitDirectoryCases } from "../contract/store-git-directory-cases.ts";
import { makeGitFixture } from "../contract/store-git-fixture.ts";

const places = new Map<string, MemoryContents>();
const open = async (place: string) => {
  const contents = places.get(place) ?? new MemoryContents();
  places.set(place, contents);
  return createMemoryStore(contents);
};
const fixture = makeGitFixture();

// Node has no Web Locks: the small files are MemoryGitFiles. LightningFS is tested in browsers, by the same cases.
for (const { title, run } of gitDirectoryCases("memory", { git, open, fixture: () => fixture })) {
  test(title, async () => {
    const note = await run();
    if (typeof note === "string") console.log(`${title}: ${note}`);
  });
}
