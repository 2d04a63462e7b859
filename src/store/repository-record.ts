import { MirrorError } from "../core/errors.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { LastSync } from "../protocol/status.ts";
import { type Keeping, type RepositoryRecord, type SnapshotRecord, schemaVersion } from "./records.ts";

// The transitions of a repository's record, the same in every store. They are pure: a store runs each of them between
// a read and a write that nothing can come between.

/** A first record, or the old one with another configuration: pointer, epoch and last sync stay. */
export function configured(old: RepositoryRecord | undefined, config: RepositoryConfig): RepositoryRecord {
  if (old) {
    const same = old.config.remote === config.remote && old.config.branch === config.branch;
    return { ...old, schema: schemaVersion, config, ...(!same && { moved: true }) };
  }
  return { schema: schemaVersion, name: config.name, config, snapshot: null, epoch: 0, lastSync: null, branch: null };
}

/** Throws `store-lost` when the record is gone: it is made before the first epoch is taken. */
export function nextEpoch(name: string, record: RepositoryRecord | undefined): RepositoryRecord {
  const old = existing(name, record);
  return { ...old, epoch: old.epoch + 1 };
}

/** A `branch` of null (nothing was discovered) keeps the branch that was known. */
export function withLastSync(record: RepositoryRecord, lastSync: LastSync, branch: string | null): RepositoryRecord {
  return { ...record, lastSync, branch: branch ?? record.branch, ended: record.epoch };
}

/** How many times in a row an epoch was taken for a sync that has not ended. */
export function unfinished({ epoch, ended }: RepositoryRecord): number {
  return epoch - (ended ?? 0);
}

/** The record with its pointer flipped. Throws `fenced-out` for an epoch that is not current, `store-lost` without a record. */
export function published(
  record: RepositoryRecord | undefined,
  snapshot: SnapshotRecord,
  epoch: number,
): RepositoryRecord {
  const old = existing(snapshot.repository, record);
  if (old.epoch !== epoch) {
    throw new MirrorError("fenced-out", { repository: old.name, epoch, current: old.epoch });
  }
  const { moved: _moved, damage: _damage, ...kept } = old;
  return { ...kept, snapshot: snapshot.id };
}

/**
 * The record with a mark on its snapshot, or without one when `reason` is null. Undefined when nothing changes: another snapshot is
 * served by now, or the same was noted before.
 */
export function withDamage(
  record: RepositoryRecord | undefined,
  snapshot: string,
  reason: string | null,
): RepositoryRecord | undefined {
  if (record === undefined || record.snapshot !== snapshot) return undefined;
  const { damage, ...rest } = record;
  const marked = damage?.snapshot === snapshot;
  if (marked === (reason !== null)) return undefined;
  return reason === null ? rest : { ...rest, damage: { snapshot, reason } };
}

/** What nothing was said of is not kept. Undefined without a record: an unknown repository keeps nothing. */
export function withKeeping(record: RepositoryRecord | undefined, keeping: Keeping): RepositoryRecord | undefined {
  return record && { ...record, keeping };
}

/** Why a snapshot that names `key` must not become visible. */
export function packMissing(key: string): MirrorError<"store-lost"> {
  return new MirrorError("store-lost", { reason: `pack ${key} is not in the store` });
}

function existing(name: string, record: RepositoryRecord | undefined): RepositoryRecord {
  if (record) return record;
  throw new MirrorError("store-lost", { reason: `repository ${name} has no record` });
}
