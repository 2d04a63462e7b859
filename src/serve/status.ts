import { within } from "../core/cooperation/deadline.ts";
import type { EngineStatus } from "../protocol/messages.ts";
import type { AvailabilityStatus, RepositoryStatus, Status, StorageStatus } from "../protocol/status.ts";
import { knownArchives, parseErrors } from "../store/archive-report.ts";
import type { ArchiveIndexRecord, RepositoryRecord } from "../store/records.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { ArchiveIndexes } from "./archive-indexes.ts";
import type { HandlerDeps } from "./ports.ts";

/** Milliseconds after which what the engine last said is not repeated: it may be gone. */
const engineStaleMs = 10_000;

/** Milliseconds that the store may take before anything is known of it. */
const firstMs = 1_000;

const noAvailability: AvailabilityStatus = { longestGapMs: 0, requests: 0, p50Ms: 0, p99Ms: 0 };

/**
 * The `status` document: what the store says, overlaid with what the engine says. Neither is waited for longer than
 * the deadline; a late one is replaced by its last answer, which is a cache and nothing more.
 */
export class StatusReport {
  readonly #deps: HandlerDeps;
  readonly #indexes: ArchiveIndexes;
  #engine: { readonly status: EngineStatus | null; readonly at: number } | null = null;
  #records: readonly RepositoryRecord[] | null = null;
  #storage: StorageStatus = { usageBytes: 0, quotaBytes: 0, persisted: false };
  #totals = { stored: 0, storedBytes: 0 };

  constructor(deps: HandlerDeps, indexes: ArchiveIndexes) {
    this.#deps = deps;
    this.#indexes = indexes;
  }

  async make(waitMs: number): Promise<Status> {
    const { clock, store, version } = this.#deps;
    const settle = <T>(asked: Promise<T>, last: () => T) => within(clock, waitMs, asked, last).catch(last);
    // The first answer waits longer: naming no repository would be a wrong status, not an old one.
    const recordsMs = this.#records === null ? Math.max(waitMs, firstMs) : waitMs;
    const known = () => this.#records ?? [];
    const read = store.repositories().then((records) => {
      this.#records = records;
      return records;
    });
    const stored = within(clock, recordsMs, read, known)
      .catch(known)
      .then((records) =>
        Promise.all(
          records.map(async (record) => {
            const opened = await settle(this.#open(record), () => null);
            const indexed = opened === null || opened === "lost" ? null : this.#indexes.of(opened.record.tree);
            return { record, opened, index: indexed && (await settle(indexed, () => null)) };
          }),
        ),
      );
    const [engine, opened, storage, totals] = await Promise.all([
      settle(this.#askEngine(), () => this.#lastEngine()),
      stored,
      settle(store.usage(), () => this.#storage),
      settle(store.archiveTotals(), () => this.#totals),
    ]);
    this.#storage = storage;
    this.#totals = totals;
    const repositories = opened.map(({ record, opened, index }) =>
      this.#repository(
        record,
        opened,
        index,
        engine?.repositories.find(({ name }) => name === record.name),
      ),
    );
    const keeping = this.#deps.keeping?.() ?? null;
    return {
      version,
      repositories,
      availability: engine?.availability ?? noAvailability,
      storage,
      ...(keeping === null ? {} : { keeping }),
    };
  }

  #repository(
    record: RepositoryRecord,
    opened: Snapshot | null | "lost",
    index: ArchiveIndexRecord | null,
    live: RepositoryStatus | undefined,
  ): RepositoryStatus {
    const { config, lastSync } = record;
    const snapshot = opened === null || opened === "lost" ? undefined : opened.record;
    const failed = opened === "lost" || (lastSync?.error ?? null) !== null;
    const redirect = snapshot?.redirect ?? live?.redirect;
    const notice = config.notice ?? live?.notice;
    const archives = this.#deps.archives?.report();
    return {
      name: record.name,
      remote: config.remote,
      branch: live?.branch ?? snapshot?.branch ?? record.branch ?? config.branch ?? "",
      // A pointer says that there is a snapshot, also when opening it takes longer than this answer may.
      state: live?.state ?? (failed ? "error" : record.snapshot === null ? "empty" : "ready"),
      phase: live?.phase ?? null,
      commit: snapshot?.commit ?? live?.commit ?? null,
      committedAt: snapshot ? new Date(snapshot.committedAt * 1000).toISOString() : (live?.committedAt ?? null),
      packages: snapshot?.packages ?? live?.packages ?? 0,
      versions: snapshot?.versions ?? live?.versions ?? 0,
      progress: live?.progress ?? { bytes: 0, objects: 0, totalObjects: 0 },
      lastSync: live?.lastSync ?? lastSync,
      archives: {
        // The engine knows an index sooner than the store does, but no engine may run.
        known: index === null ? (live?.archives.known ?? 0) : knownArchives(index),
        stored: this.#totals.stored,
        storedBytes: this.#totals.storedBytes,
        active: archives?.active ?? live?.archives.active ?? [],
        failed: archives?.failed ?? live?.archives.failed ?? [],
        ...((archives?.mismatched ?? []).length === 0 ? {} : { mismatched: archives!.mismatched }),
      },
      parseErrors: index === null && live !== undefined ? live.parseErrors : parseErrors(snapshot, index),
      ...(redirect === undefined || redirect === null ? {} : { redirect }),
      ...(notice === undefined ? {} : { notice }),
    };
  }

  #open(record: RepositoryRecord): Promise<Snapshot | null | "lost"> {
    return this.#deps.openSnapshot(record.name).catch(() => "lost" as const);
  }

  async #askEngine(): Promise<EngineStatus | null> {
    const status = await this.#deps.engineStatus();
    this.#engine = { status, at: this.#deps.clock.now() };
    return status;
  }

  #lastEngine(): EngineStatus | null {
    const last = this.#engine;
    return last !== null && this.#deps.clock.now() - last.at <= engineStaleMs ? last.status : null;
  }
}
