import { MirrorError } from "../core/errors.ts";
import { type SnapshotRecord, schemaVersion } from "./records.ts";

/**
 * A record as it was read, if this version can use it. A record that does not even name its schema is damaged and
 * counts as lost (`undefined`). Throws `store-newer` for one that a later version wrote.
 */
export function usableRecord<R extends { readonly schema: number }>(record: R | undefined): R | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const found: unknown = record.schema;
  if (typeof found !== "number" || !Number.isInteger(found) || found < 1) return undefined;
  if (found > schemaVersion) throw new MirrorError("store-newer", { found, known: schemaVersion });
  return record;
}

/** As `usableRecord`, with what the record's schema did not have yet. The schema stays that of the stored form, which its digest is of. */
export function usableSnapshot(record: SnapshotRecord | undefined): SnapshotRecord | undefined {
  const usable = usableRecord(record);
  return usable !== undefined && usable.schema < 2 ? { ...usable, updates: [] } : usable;
}
