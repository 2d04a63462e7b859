import type { PromiseFsClient } from "isomorphic-git";
import type { Slice } from "../core/cooperation/slice.ts";
import { systemClock } from "../platform/clock.ts";
import { locksAvailable } from "../platform/locks.ts";
import { LightningGitFiles } from "./lightning-git-files.ts";
import { MemoryGitFiles } from "./memory-git-files.ts";
import { PackOverlay } from "./pack-overlay.ts";
import type { Store } from "./store.ts";

/** A Git directory for isomorphic-git: `git.log({ fs: directory.fs, dir: directory.dir, … })`. Used by the sync engine only. */
export interface GitDirectory {
  readonly fs: PromiseFsClient;
  readonly dir: string;
  /** Which packs of the store `objects/pack` shows from now on, by key. */
  packs(keys: readonly string[]): void;
  /** Saves the small files and releases LightningFS's lock. Must be awaited before the next `openGitDirectory` of that name. */
  close(): Promise<void>;
}

/**
 * Opens the Git directory of `repository`; `name` is what LightningFS locks (`ScopeNames.gitDirectory`).
 *
 * isomorphic-git reads a pack as one array and hashes it in one call: an object of a large pack blocks its thread for as long
 * as that takes. Read what is served through a SnapshotReader.
 */
export async function openGitDirectory(
  store: Store,
  repository: string,
  name: string,
  slice: Slice,
): Promise<GitDirectory> {
  const files = store.gitFiles(repository);
  const { system, close } = locksAvailable() ? await lightning(files, name) : await memory(files);
  const overlay = new PackOverlay(system, store, slice);
  return { fs: { promises: overlay }, dir: "/git", packs: (keys) => overlay.show(keys), close };
}

async function lightning(files: ReturnType<Store["gitFiles"]>, name: string) {
  const opened = await LightningGitFiles.open(files, name);
  return { system: opened.files, close: () => opened.close() };
}

async function memory(files: ReturnType<Store["gitFiles"]>) {
  const opened = await MemoryGitFiles.open(files, () => systemClock.wall());
  return { system: opened, close: () => opened.save() };
}
