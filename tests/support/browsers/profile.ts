import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Profile {
  readonly folder: string;
  /** Removes the folder, unless the caller of `launch` owns it. */
  release(): Promise<void>;
}

/** The folder that the caller named, or a fresh one. Short paths: a socket in it may have at most 107 bytes. */
export async function openProfile(browser: string, named: string | undefined): Promise<Profile> {
  if (named !== undefined) {
    await mkdir(named, { recursive: true });
    return { folder: named, release: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), `mirror-${browser}-`));
  // A browser's children may still write while they die, hence the retries.
  return { folder, release: () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) };
}
