import { MirrorError } from "../core/errors.ts";
import type { Store } from "../store/store.ts";

/** Whether stored data turned out to be gone or damaged. */
export function isLost(thrown: unknown): thrown is MirrorError<"store-lost"> {
  return thrown instanceof MirrorError && thrown.code === "store-lost";
}

/** Marks what is served for that repository as damaged: the next sync looks at it closely, and does not build upon it. */
export async function noteDamage(store: Store, repository: string, lost: MirrorError<"store-lost">): Promise<void> {
  const record = await store.repository(repository);
  if (record !== undefined && record.snapshot !== null)
    await store.saveDamage(repository, record.snapshot, lost.data.reason);
}
