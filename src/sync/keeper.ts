import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { checkChecksum } from "../core/opam/checksum.ts";
import type { KeepingOrder, KeepingState, KeepingStatus, VerifyReport } from "../protocol/keeping.ts";
import { evicted, limitOf } from "../store/eviction.ts";
import type { RepositoryRecord } from "../store/records.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import type { ArchiveShelf, ShelvedArchive } from "./archive-shelf.ts";
import { ArchiveVerification } from "./archive-verification.ts";
import { DownloadQueue } from "./download-queue.ts";
import { failureGroups } from "./failure-groups.ts";
import { changeKeeping, changeKept, keepsNothing } from "./keeping-order.ts";
import { type WantedArchive, wantedArchives } from "./wanted-archives.ts";

export interface KeeperHost {
  readonly store: Pick<Store, "repositories" | "saveKeeping">;
  readonly shelf: ArchiveShelf;
  readonly openSnapshot: (repository: string) => Promise<Snapshot | null>;
  readonly clock: Clock;
  readonly slice: () => Slice;
  readonly parallel: number;
  /** Fetches, verifies and stores. What is stored already counts as fetched. */
  readonly download: (
    item: WantedArchive,
    progress: (bytes: number, totalBytes: number | null) => void,
    signal: AbortSignal,
  ) => Promise<{ readonly sha256: string; readonly size: number }>;
  /** Told at most every 200 ms. */
  readonly changed: (status: KeepingStatus) => void;
}

const tellMs = 200;
/** What failed is tried again after these, and then after the last of them: hosts come back, and so do networks. */
const retryMs = [120_000, 600_000, 3_600_000];

/**
 * Keeps archives: fetches what is kept and not stored, pins it, and evicts what nobody keeps when a limit is reached. What is kept is
 * in the repositories' records, and all else follows from it, so that an engine that is started anew goes on where another was stopped.
 */
export class Keeper {
  readonly #host: KeeperHost;
  readonly #queue: DownloadQueue<WantedArchive>;
  readonly #verification: ArchiveVerification;
  #records: readonly RepositoryRecord[] = [];
  #wanted: readonly WantedArchive[] = [];
  #shelved: Map<string, ShelvedArchive> = new Map();
  /** Keys of what is wanted and not stored. */
  #missing: Set<string> = new Set();
  #fetched = { count: 0, bytes: 0 };
  #planning = false;
  #full = false;
  #work: Promise<void> = Promise.resolve();
  #telling = false;
  #retries = 0;
  /** Ends the wait for the next try. */
  #retry: AbortController | null = null;
  #closed = false;

  constructor(host: KeeperHost) {
    this.#host = host;
    this.#verification = new ArchiveVerification(host.shelf, host.clock, () => this.#tell());
    this.#queue = new DownloadQueue({
      parallel: host.parallel,
      download: (item, progress, signal) => this.#download(item, progress, signal),
      changed: () => this.#tell(),
    });
  }

  /** Reads what is kept, and goes on with it. Also to be called when another snapshot serves, or its archives may have become known. */
  refresh(): Promise<void> {
    return this.#then(() => this.#plan());
  }

  /** Resolves when the order is stored; it is carried out afterwards. Throws `store-*`, `unknown-repository` and `checksum-malformed`. */
  order(order: Exclude<KeepingOrder, { type: "verify" }>): Promise<void> {
    return this.#then(async () => {
      switch (order.type) {
        case "keep":
        case "release":
          await changeKept(this.#host.store, order.repository, order.type, order.what);
          return this.#plan();
        case "pause":
        case "resume":
          await changeKeeping(this.#host.store, { paused: order.type === "pause" });
          return this.#plan();
        case "limit":
          await changeKeeping(this.#host.store, { limitBytes: order.bytes });
          return this.#plan();
        case "retry":
          return this.#plan();
        case "remove":
          checkChecksum("sha256", order.checksum);
          await this.#host.shelf.remove(order.checksum);
          return this.#plan();
      }
    });
  }

  /** Hashes all stored archives again, in a pass that begins after the call. What was bad and is kept is fetched again. Throws `store-*`, `aborted`. */
  async verify(): Promise<VerifyReport> {
    const report = await this.#verification.run();
    if (report.bad.length > 0) void this.refresh().catch(() => undefined);
    return report;
  }

  status(): KeepingStatus {
    const stored = [...this.#shelved.values()];
    const sum = (archives: readonly ShelvedArchive[]) => archives.reduce((bytes, { size }) => bytes + size, 0);
    return {
      state: this.#state(),
      limitBytes: limitOf(this.#records),
      kept: this.#records.map(({ name, keeping }) => ({ repository: name, what: keeping?.what ?? [] })),
      wanted: this.#wanted.length,
      stored: this.#wanted.length - this.#missing.size,
      storedBytes: sum(stored),
      pinnedBytes: sum(stored.filter(({ pinned }) => pinned)),
      archives: stored.length,
      waiting: this.#queue.waiting,
      fetched: this.#fetched,
      active: this.#queue.active.map(({ item, bytes, totalBytes }) => ({
        checksum: item.key,
        label: item.label,
        bytes,
        totalBytes,
      })),
      failures: failureGroups(this.#queue.failed),
      verify: this.#verification.report,
    };
  }

  /** Resolves when everything that is kept is stored, failed, or paused, and nothing is being verified. */
  async rest(): Promise<void> {
    do {
      await this.#work;
      await this.#queue.rest();
    } while (this.#queue.active.length > 0);
  }

  /** What is under way is given up, and gone on with by the next one. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.abort();
    this.#verification.stop();
    this.#queue.pause();
    await this.rest();
  }

  #state(): KeepingState {
    if (this.#planning) return "planning";
    if (this.#full) return "full";
    if (this.#queue.paused) return "paused";
    return this.#queue.active.length > 0 ? "downloading" : "idle";
  }

  /** One after the other, and whatever one of them throws. */
  #then(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(() => (this.#closed ? undefined : work()));
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #plan(): Promise<void> {
    const { store, openSnapshot, slice } = this.#host;
    this.#planning = true;
    this.#tell();
    try {
      this.#records = await store.repositories();
      const wanted = new Map<string, WantedArchive>();
      let complete = true;
      for (const { name, keeping } of this.#records) {
        const { what } = keeping ?? keepsNothing;
        if (what.length === 0) continue;
        const snapshot = await openSnapshot(name).catch(() => null);
        if (snapshot === null) {
          complete = false;
          continue;
        }
        for (const one of await wantedArchives(snapshot, what, slice()))
          if (!wanted.has(one.key)) wanted.set(one.key, one);
      }
      this.#wanted = [...wanted.values()];
      await this.#look(complete);
    } finally {
      this.#planning = false;
      this.#tell();
    }
  }

  /**
   * Compares what is wanted with what is stored: pins, evicts, and fetches the rest. Unless all that is kept is known, nothing is
   * released: it may be what a repository keeps that cannot be read just now.
   */
  async #look(complete: boolean): Promise<void> {
    const { shelf, slice } = this.#host;
    await this.#readShelf();
    const byChecksum = new Map<string, ShelvedArchive>();
    for (const stored of this.#shelved.values())
      for (const kind of ["md5", "sha256", "sha512"] as const) byChecksum.set(`${kind}=${stored[kind]}`, stored);
    const kept = new Set<string>();
    const missing: WantedArchive[] = [];
    const pace = slice();
    for (const item of this.#wanted) {
      const stored = byChecksum.get(item.key);
      if (stored === undefined) missing.push(item);
      else kept.add(stored.sha256);
      if (pace.due()) await pace.pause();
    }
    for (const stored of [...this.#shelved.values()]) {
      const pinned = kept.has(stored.sha256);
      if (stored.pinned === pinned || (!pinned && !complete)) continue;
      await shelf.setPinned(stored.sha256, pinned);
      this.#shelved.set(stored.sha256, { ...stored, pinned });
    }
    this.#missing = new Set(missing.map(({ key }) => key));
    await this.#evict();
    this.#full = missing.length > 0 && this.#isFull();
    if (this.#queue.isDone) this.#retries = 0;
    // In this order: nothing begins that is given up at once.
    const paused = this.#records.some(({ keeping }) => keeping?.paused === true);
    if (paused) this.#queue.pause();
    this.#queue.want(this.#full ? [] : missing);
    if (!paused && !this.#closed) this.#queue.resume();
  }

  async #readShelf(): Promise<void> {
    this.#shelved = new Map((await this.#host.shelf.records()).map((record) => [record.sha256, record]));
  }

  async #evict(): Promise<void> {
    const limit = limitOf(this.#records);
    if (limit === null) return;
    const stored = [...this.#shelved.values()];
    const total = stored.reduce((bytes, { size }) => bytes + size, 0);
    for (const { sha256 } of evicted(stored, total - limit)) {
      await this.#host.shelf.remove(sha256);
      this.#shelved.delete(sha256);
    }
  }

  #fill(): void {
    if (this.#full) return;
    this.#full = true;
    this.#queue.want([]);
  }

  #isFull(): boolean {
    const limit = limitOf(this.#records);
    if (limit === null) return false;
    let pinned = 0;
    for (const stored of this.#shelved.values()) if (stored.pinned) pinned += stored.size;
    return pinned >= limit;
  }

  async #download(
    item: WantedArchive,
    progress: (bytes: number, totalBytes: number | null) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { download, shelf, clock } = this.#host;
    const { sha256, size } = await download(item, progress, signal).catch((thrown: unknown) => {
      // Neither would the next one find room.
      if (thrown instanceof MirrorError && thrown.code === "store-quota") this.#fill();
      throw thrown;
    });
    await shelf.setPinned(sha256, true);
    const { md5 = "", sha512 = "" } = this.#shelved.get(sha256) ?? {};
    this.#shelved.set(sha256, { sha256, md5, sha512, size, lastUse: clock.wall(), pinned: true });
    this.#missing.delete(item.key);
    this.#fetched = { count: this.#fetched.count + 1, bytes: this.#fetched.bytes + size };
    await this.#evict();
    if (this.#isFull() && this.#missing.size > 0) this.#fill();
  }

  #tryAgainLater(): void {
    if (this.#retry !== null || this.#state() !== "idle" || this.#queue.failed.length === 0) return;
    const retry = new AbortController();
    this.#retry = retry;
    const ms = retryMs[Math.min(this.#retries++, retryMs.length - 1)]!;
    const again = () => {
      this.#retry = null;
      if (this.#queue.failed.length > 0) void this.refresh().catch(() => undefined);
    };
    this.#host.clock.sleep(ms, retry.signal).then(again, () => undefined);
  }

  #tell(): void {
    if (this.#telling || this.#closed) return;
    this.#telling = true;
    const tell = () => {
      this.#telling = false;
      if (this.#closed) return;
      this.#host.changed(this.status());
      this.#tryAgainLater();
    };
    void this.#host.clock.sleep(tellMs).then(tell, tell);
  }
}
