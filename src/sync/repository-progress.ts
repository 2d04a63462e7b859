import type { Clock } from "../core/cooperation/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import type { LastSync, RepositoryStatus, SyncPhase, SyncProgress } from "../protocol/status.ts";
import { knownArchives, parseErrors } from "../store/archive-report.ts";
import type { ArchiveIndexRecord, RepositoryRecord, SnapshotRecord } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { soundArchiveIndex } from "./archive-index.ts";
import type { KnownSnapshot } from "./current-snapshot.ts";

const nothing: SyncProgress = { bytes: 0, objects: 0, totalObjects: 0 };

/** What the engine knows of one repository, in the form that `status` shows. */
export class RepositoryProgress {
  readonly #record: RepositoryRecord;
  #snapshot: SnapshotRecord | null;
  #archives: ArchiveIndexRecord | null;
  #lastSync: LastSync | null;
  #running = false;
  #phase: SyncPhase | null = null;
  #bytes = 0;
  #reader: PackReader | null = null;
  #clock: Clock | null = null;
  #begunAt = 0;
  #last: SyncProgress = nothing;
  branch: string | null;

  private constructor(record: RepositoryRecord, snapshot: SnapshotRecord | null, archives: ArchiveIndexRecord | null) {
    this.#record = record;
    this.#snapshot = snapshot;
    this.#archives = archives;
    this.#lastSync = record.lastSync;
    this.branch = record.branch ?? record.config.branch;
  }

  static async load(store: Store, record: RepositoryRecord): Promise<RepositoryProgress> {
    const snapshot = record.snapshot === null ? undefined : await store.snapshot(record.snapshot);
    const archives = snapshot === undefined ? null : await soundArchiveIndex(store, snapshot.tree);
    return new RepositoryProgress(record, snapshot ?? null, archives);
  }

  begin(): void {
    this.#running = true;
    this.#phase = "discover";
    this.#bytes = 0;
    this.#reader = null;
    this.#last = nothing;
  }

  /** What is served now: another engine may have published since this one looked, and stored data may have been cleared. */
  async look(store: Store): Promise<void> {
    const pointer = (await store.repository(this.#record.name))?.snapshot;
    if (pointer === null) {
      this.#snapshot = null;
      this.#archives = null;
    }
    if (pointer == null || pointer === this.#snapshot?.id) return;
    const snapshot = await store.snapshot(pointer);
    if (snapshot === undefined) return;
    if (snapshot.tree !== this.#snapshot?.tree) this.#archives = await soundArchiveIndex(store, snapshot.tree);
    this.#snapshot = snapshot;
  }

  /** What an update may build upon without reading it again, if it is still what is served. */
  get known(): KnownSnapshot {
    return { snapshot: this.#snapshot, archives: this.#archives };
  }

  enter(phase: SyncPhase): void {
    this.#phase = phase;
  }

  watch(reader: PackReader, clock: Clock): void {
    this.#reader = reader;
    this.#clock = clock;
    this.#begunAt = clock.now();
  }

  received(bytes: number): void {
    this.#bytes = bytes;
  }

  published(snapshot: SnapshotRecord): void {
    this.#snapshot = snapshot;
    this.#last = this.#progress();
    // The reader holds the whole pack; nothing needs it after the flip.
    this.#reader = null;
  }

  indexed(archives: ArchiveIndexRecord): void {
    this.#archives = archives;
  }

  end(lastSync: LastSync): void {
    this.#running = false;
    this.#phase = null;
    this.#reader = null;
    this.#lastSync = lastSync;
  }

  /** Adds to what is known of the last sync why its compaction failed; null when there was none. */
  notCompacted(compaction: ErrorRecord): LastSync | null {
    this.#lastSync &&= { ...this.#lastSync, compaction };
    return this.#lastSync;
  }

  /** Estimated seconds until the clone is complete, at least 1. */
  secondsLeft(): number {
    const { objects, totalObjects } = this.#progress();
    if (objects === 0 || totalObjects === 0 || this.#clock === null) return 2;
    const elapsed = (this.#clock.now() - this.#begunAt) / 1000;
    return Math.max(1, Math.ceil((elapsed * (totalObjects - objects)) / objects));
  }

  status(): RepositoryStatus {
    const { config } = this.#record;
    const snapshot = this.#snapshot;
    const failed = this.#lastSync?.error ?? null;
    return {
      name: config.name,
      remote: config.remote,
      branch: this.branch ?? "HEAD",
      state: this.#running ? "syncing" : failed !== null ? "error" : snapshot === null ? "empty" : "ready",
      phase: this.#phase,
      commit: snapshot?.commit ?? null,
      committedAt: snapshot === null ? null : new Date(snapshot.committedAt * 1000).toISOString(),
      packages: snapshot?.packages ?? 0,
      versions: snapshot?.versions ?? 0,
      progress: this.#progress(),
      lastSync: this.#lastSync,
      archives: {
        known: this.#archives === null ? 0 : knownArchives(this.#archives),
        stored: 0,
        storedBytes: 0,
        active: [],
        failed: [],
      },
      parseErrors: parseErrors(snapshot, this.#archives),
      ...(snapshot?.redirect != null && { redirect: snapshot.redirect }),
      ...(config.notice !== undefined && { notice: config.notice }),
    };
  }

  #progress(): SyncProgress {
    const reader = this.#reader;
    return reader === null
      ? this.#last
      : { bytes: this.#bytes, objects: reader.resolved, totalObjects: reader.expected };
  }
}
