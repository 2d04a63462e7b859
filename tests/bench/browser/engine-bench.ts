import { Slice } from "../../../src/core/cooperation/slice.ts";
import { MirrorError } from "../../../src/core/errors.ts";
import { defaultLimits, type Limits } from "../../../src/core/git/limits.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";
import { scopeNames } from "../../../src/protocol/names.ts";
import { buildTarball } from "../../../src/store/index-tarball.ts";
import { openIndexedDbStore } from "../../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../../src/store/memory.ts";
import { SnapshotReader } from "../../../src/store/snapshot-reader.ts";
import type { Store } from "../../../src/store/store.ts";
import { compactSnapshot } from "../../../src/sync/compact.ts";
import { currentSnapshot } from "../../../src/sync/current-snapshot.ts";
import { SyncEngine } from "../../../src/sync/engine.ts";
import type { SyncHost } from "../../../src/sync/host.ts";
import type { CompactionFigures, EngineOptions, StepFigures, SyncFigures, TarballFigures } from "./bench-engine.ts";

/** The product's engine, with the clock stopped at each of its steps. Runs in a worker or in a service worker. */
export class EngineBench {
  readonly store: Store;
  readonly #options: EngineOptions;
  readonly #host: SyncHost;
  /** Of the last sync, or of the one that runs. */
  engine: SyncEngine | null = null;
  #begun = 0;
  #forgets = true;
  #steps: StepFigures[] = [];
  #marked: Promise<void> = Promise.resolve();

  private constructor(options: EngineOptions, store: Store) {
    const macrotask = messageChannelMacrotask();
    this.#options = options;
    this.store = store;
    this.#host = {
      store: this.#watched(store),
      fetch: async (url, init) => {
        const pack = init?.method === "POST" && String(url).endsWith("/git-upload-pack");
        const response = await fetch(url, init);
        // Discovery posts to the same address; the last one is the pack's.
        if (pack) this.#mark("answered");
        return response;
      },
      clock: systemClock,
      macrotask,
      slice: () => new Slice(systemClock, macrotask, options.sliceMs ?? 4, options.policy ?? "budget"),
      limits: scaled(options.limits ?? 1),
      base: options.base,
      gitDirectory: scopeNames(options.base).gitDirectory,
    };
  }

  static async open(options: EngineOptions): Promise<EngineBench> {
    const macrotask = messageChannelMacrotask();
    const slice = new Slice(systemClock, macrotask, options.sliceMs ?? 4, options.policy ?? "budget");
    const store =
      options.store === "memory"
        ? createMemoryStore(undefined, slice)
        : await openIndexedDbStore(scopeNames(options.base), { clock: systemClock, slice });
    return new EngineBench(options, store);
  }

  sync(branch: string): Promise<SyncFigures> {
    return this.#run(branch, true);
  }

  updateTo(branch: string): Promise<SyncFigures> {
    return this.#run(branch, false);
  }

  async compact(): Promise<CompactionFigures> {
    this.#forgets = false;
    const { name } = this.#options.repository;
    const current = await currentSnapshot(this.#host, name, this.#host.slice());
    const record = await this.store.repository(name);
    if (current === null || record === undefined) throw new MirrorError("internal", { reason: "there is no snapshot" });
    const bytesBefore = await this.#packBytes(current.record.packs);
    const begun = systemClock.now();
    const { signal } = new AbortController();
    const compacted = await compactSnapshot(this.#host, current.record, record.epoch, signal);
    const ms = systemClock.now() - begun;
    if (compacted === null) throw new MirrorError("internal", { reason: "there was nothing to compact" });
    return { ms, bytesBefore, bytesAfter: await this.#packBytes(compacted.packs) };
  }

  async #run(branch: string, forgets: boolean): Promise<SyncFigures> {
    const { name } = this.#options.repository;
    // What ran before has no part in these figures.
    await this.engine?.close();
    this.#forgets = forgets;
    this.#steps = [];
    const engine = new SyncEngine(this.#host, { progress: () => undefined, published: () => this.#mark("published") });
    await engine.follow([{ ...this.#options.repository, branch }]);
    this.engine = engine;
    this.#begun = systemClock.now();
    await engine.update(name, { acceptOlder: true });
    const status = await engine.settled(name);
    this.#mark("settled");
    await this.#marked;
    const error = status?.lastSync?.error;
    if (error) throw new Error(`The sync failed: ${error.code}: ${error.message}`);
    return this.#figures(name, status?.progress.bytes ?? 0);
  }

  async buildTarball(): Promise<TarballFigures> {
    const snapshot = await new SnapshotReader(this.store).current(this.#options.repository.name);
    if (snapshot === null) throw new MirrorError("internal", { reason: "there is no snapshot to index" });
    const repo = await snapshot.read("repo");
    const begun = systemClock.now();
    const { bytes } = await buildTarball(snapshot, repo?.bytes ?? new Uint8Array(), this.#host.slice());
    return { ms: systemClock.now() - begun, bytes: bytes.size };
  }

  async #packBytes(keys: readonly string[]): Promise<number> {
    let bytes = 0;
    for (const key of keys) bytes += (await this.store.pack(key))?.size ?? 0;
    return bytes;
  }

  async #figures(name: string, receivedBytes: number): Promise<SyncFigures> {
    const record = await this.store.repository(name);
    const snapshot = await this.store.snapshot(record?.snapshot ?? "");
    if (snapshot === undefined) throw new Error("The sync published nothing.");
    const at = (step: StepFigures["step"]) => this.#steps.findLast((one) => one.step === step)?.atMs ?? Number.NaN;
    return {
      steps: this.#steps,
      publishedMs: at("published"),
      indexedMs: at("indexed"),
      archivesMs: at("archives"),
      settledMs: at("settled"),
      longestGapMs: this.#steps.at(-1)?.longestGapMs ?? Number.NaN,
      packBytes: await this.#packBytes(snapshot.packs),
      receivedBytes,
      tarballBytes: (await this.store.tarball(snapshot.id))?.bytes.size ?? 0,
      manifestBytes: snapshot.manifest.byteLength,
    };
  }

  #mark(step: StepFigures["step"]): void {
    const atMs = systemClock.now() - this.#begun;
    const { engine } = this;
    this.#marked = this.#marked.then(async () => {
      const longestGapMs = (await engine?.status())?.availability.longestGapMs ?? 0;
      this.#steps.push({ step, atMs, longestGapMs });
    });
  }

  /** The store, with marks, and without memory unless an update is measured: a sync finds no snapshot, and fetches everything. */
  #watched(store: Store): Store {
    return {
      ...store,
      repository: async (name) => {
        const record = await store.repository(name);
        this.#mark("discovered");
        return record && this.#forgets ? { ...record, snapshot: null } : record;
      },
      packWriter: () => {
        this.#mark("verified");
        return store.packWriter();
      },
      publish: async (snapshot, epoch) => {
        this.#mark("stored");
        await store.publish(snapshot, epoch);
      },
      tarball: async (id) => {
        this.#mark("recorded");
        return store.tarball(id);
      },
      saveTarball: async (record) => {
        await store.saveTarball(record);
        this.#mark("indexed");
      },
      saveArchiveIndex: async (record) => {
        await store.saveArchiveIndex(record);
        this.#mark("archives");
      },
    };
  }
}

function scaled(times: number): Limits {
  const { packBytes, objects, inflatedBytes, files } = defaultLimits;
  return {
    ...defaultLimits,
    packBytes: packBytes * times,
    objects: objects * times,
    inflatedBytes: inflatedBytes * times,
    files: files * times,
  };
}
