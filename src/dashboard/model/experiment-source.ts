import type { Clock } from "../../core/cooperation/clock.ts";
import { MirrorError } from "../../core/errors.ts";
import type { RepositoryConfig } from "../../protocol/config.ts";
import { scopeNames } from "../../protocol/names.ts";
import { openIndexedDbStore } from "../../store/indexeddb.ts";

/** The mirror's own configuration of a repository, as it follows it. Throws `unknown-repository` and `store-*`. */
export async function mirroredRepository(base: string, name: string, clock: Clock): Promise<RepositoryConfig> {
  const store = await openIndexedDbStore(scopeNames(base), { clock });
  try {
    const record = await store.repository(name);
    if (record === undefined) throw new MirrorError("unknown-repository", { name });
    return record.config;
  } finally {
    await store.close();
  }
}
