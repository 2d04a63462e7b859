import { within } from "../core/cooperation/deadline.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import type { Digest } from "../core/git/digest.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { Manifest } from "../core/git/manifest.ts";
import { objectTypes } from "../core/git/object-type.ts";
import { hashObject, StoredObjectReader, type StoredPack } from "../core/git/stored-object.ts";
import { systemClock } from "../platform/clock.ts";
import { createDigest } from "../platform/digest.ts";
import { PackWindows } from "./pack-windows.ts";
import type { SnapshotRecord } from "./records.ts";
import { snapshotDigest } from "./snapshot-digest.ts";
import type { Store } from "./store.ts";

/** A blob as the snapshot holds it; the bytes were hashed again when they were read. */
export interface SnapshotFile {
  /** Hex SHA-1 of the blob. */
  readonly oid: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `bytes` are good until it returns, `rank` is that of the path in the manifest. A function, and no iterator: twenty thousand turns of one take longer than reading the files. */
export type FileVisitor = (path: string, bytes: Uint8Array<ArrayBuffer>, rank: number) => Promise<void> | void;

/** A pinned, immutable snapshot: it answers the same for as long as it is held, whatever is published meanwhile. */
export interface Snapshot {
  readonly record: SnapshotRecord;
  /** Oid of the blob at `path` (`repo`, `version`, `packages/…`), without reading it. */
  oid(path: string): string | undefined;
  /** Reads and re-hashes the blob. Throws `store-lost` when its pack is gone or damaged. */
  read(path: string): Promise<SnapshotFile | undefined>;
  /** All files, sorted by path bytes. */
  paths(): Iterable<string>;
  /**
   * Visits all files below `prefix` in path order, and waits for what a visit returns. Throws what `read` does. `held` has the bytes
   * that need not be read, by rank in the manifest.
   */
  visit(
    prefix: string,
    slice: Slice,
    visitor: FileVisitor,
    held?: (rank: number) => Uint8Array<ArrayBuffer> | null,
  ): Promise<void>;
}

export interface SnapshotReaderOptions {
  /** Bytes of pack windows kept in memory. */
  readonly windowBytes?: number;
  /**
   * Milliseconds for which a pointer that was read is taken to be current: a burst of requests reads it once. After that, what is open answers
   * where the pointer cannot be read at once: a flip keeps it locked while it is written to disk. 0 (the default) reads it for every request.
   */
  readonly trustMs?: number;
}

/** Milliseconds: longer than a pointer takes that is not locked. */
const patienceMs = 4;
/** For so long after the pointer was read last, locked ones are not waited for. */
const flipMs = 1000;

const locked: unique symbol = Symbol("locked");

/** What a repository is answered from. */
interface Opened {
  readonly id: string;
  readonly snapshot: Promise<Snapshot>;
  /** When its repository's pointer was read last. */
  readAt: number;
  /** Whether it may answer while another is opened: it is open, and nothing of it was found to be lost. */
  ready: boolean;
  /** The one that was announced, and takes its place once it is open. */
  next: Opened | null;
}

/** Opens snapshots of a store and keeps the one that each repository's pointer names. What it keeps is a cache: it may be dropped at any time. */
export class SnapshotReader {
  readonly #store: Store;
  readonly #windows: PackWindows;
  readonly #opened: Map<string, Opened> = new Map();
  readonly #trustMs: number;
  #sha1: Promise<Digest> | null = null;

  constructor(store: Store, options: SnapshotReaderOptions = {}) {
    this.#store = store;
    this.#trustMs = options.trustMs ?? 0;
    this.#windows = new PackWindows(options.windowBytes ?? 16 << 20);
  }

  /** The snapshot served for that repository now; null before the first. Throws `store-lost` when the pointer names what is not there or damaged. */
  async current(repository: string): Promise<Snapshot | null> {
    const known = this.#opened.get(repository);
    if (known !== undefined && systemClock.now() - known.readAt < this.#trustMs) {
      const snapshot = await known.snapshot.catch(() => null);
      if (snapshot !== null) return snapshot;
    }
    for (let failed = "", thrown: unknown; ; ) {
      const readAt = systemClock.now();
      const id = await this.#pointer(repository);
      if (id === locked) {
        const held = this.#opened.get(repository);
        if (held?.ready === true) return held.snapshot;
        continue;
      }
      if (id === null) {
        this.#opened.delete(repository);
        return null;
      }
      // Unless the pointer has moved on meanwhile, and what it named before was collected.
      if (failed === id) throw thrown;
      try {
        return await this.#hold(repository, id, readAt);
      } catch (reason) {
        failed = id;
        thrown = reason;
        await this.#lost(repository, id, reason);
      }
    }
  }

  /** `locked` where it cannot be read at once, and what is open may answer. */
  async #pointer(repository: string): Promise<string | null | typeof locked> {
    const reading = this.#store.repository(repository).then((record) => record?.snapshot ?? null);
    const held = this.#opened.get(repository);
    const mayAnswer = this.#trustMs > 0 && held?.ready === true && systemClock.now() - held.readAt < flipMs;
    return mayAnswer ? within(systemClock, patienceMs, reading, () => locked) : reading;
  }

  #hold(repository: string, id: string, readAt: number): Promise<Snapshot> {
    const held = this.#opened.get(repository);
    const announced = held?.next?.id === id && held.ready;
    if (held === undefined || !(held.id === id || announced)) return this.#begin(repository, id, readAt, null).snapshot;
    held.readAt = readAt;
    return held.snapshot;
  }

  /** In place of `held`, as soon as it is open; at once when there is none. */
  #begin(repository: string, id: string, readAt: number, held: Opened | null): Opened {
    const opening: Opened = { id, snapshot: this.open(id), readAt, ready: false, next: null };
    if (held === null) this.#opened.set(repository, opening);
    else held.next = opening;
    const awaited = () => {
      const now = this.#opened.get(repository);
      return now === opening || now?.next === opening;
    };
    opening.snapshot.then(
      () => {
        opening.ready = true;
        if (awaited()) this.#opened.set(repository, opening);
      },
      () => {
        if (awaited()) this.#opened.delete(repository);
      },
    );
    return opening;
  }

  /** Marks the snapshot, so that a sync puts it right; and has the pointer read again, for the snapshot may have been replaced and collected. */
  async #lost(repository: string, id: string, thrown: unknown): Promise<void> {
    if (!(thrown instanceof MirrorError) || thrown.code !== "store-lost") return;
    this.#distrust(repository, id);
    const { reason } = thrown.data as { readonly reason: string };
    // The failure that is answered for is the one found first.
    await this.#store.saveDamage(repository, id, reason).catch(() => undefined);
  }

  #distrust(repository: string, id: string): void {
    const held = this.#opened.get(repository);
    if (held === undefined) return;
    held.readAt = Number.NEGATIVE_INFINITY;
    if (held.id === id) held.ready = false;
  }

  /** The repository's pointer has moved: what it names now is opened, and answers when it is open. Until then what is open does. Never rejects. */
  async moved(repository: string): Promise<void> {
    const held = this.#opened.get(repository);
    try {
      const readAt = systemClock.now();
      const id = held?.ready === true ? ((await this.#store.repository(repository))?.snapshot ?? null) : null;
      if (held === undefined || id === null) await this.current(repository);
      else if (id !== held.id && id !== held.next?.id) await this.#begin(repository, id, readAt, held).snapshot;
    } catch {
      // Who asks next finds out the same.
    }
  }

  /** Opens a snapshot by id and checks its digest. */
  async open(id: string): Promise<Snapshot> {
    const record = await this.#store.snapshot(id);
    if (record === undefined) throw new MirrorError("store-lost", { reason: `snapshot ${id} is gone` });
    if ((await snapshotDigest(record)) !== record.digest)
      throw new MirrorError("store-lost", { reason: `snapshot ${id} is damaged` });
    return this.openRecord(record);
  }

  /** Opens what was made here, or checked. Throws `store-lost` when it has no manifest. */
  async openRecord(record: SnapshotRecord): Promise<Snapshot> {
    this.#sha1 ??= createDigest("sha1");
    const { id } = record;
    let manifest: Manifest;
    try {
      manifest = new Manifest(record.manifest);
    } catch (thrown) {
      throw new MirrorError("store-lost", { reason: `snapshot ${id} has no valid manifest` }, thrown);
    }
    const lost = (thrown: unknown) => this.#lost(record.repository, id, thrown);
    return new OpenSnapshot(record, manifest, this.#store, this.#windows, await this.#sha1, lost);
  }
}

class OpenSnapshot implements Snapshot {
  readonly record: SnapshotRecord;
  readonly #manifest: Manifest;
  readonly #store: Store;
  readonly #windows: PackWindows;
  readonly #sha1: Digest;
  readonly #lost: (thrown: unknown) => Promise<void>;
  readonly #packs: Map<string, Promise<StoredPack>> = new Map();
  readonly #bulkPacks: Map<string, Promise<StoredPack>> = new Map();
  readonly #objects: StoredObjectReader = new StoredObjectReader(defaultLimits);

  /** `lost` is awaited when something of it turns out to be gone or damaged. */
  constructor(
    record: SnapshotRecord,
    manifest: Manifest,
    store: Store,
    windows: PackWindows,
    sha1: Digest,
    lost: (thrown: unknown) => Promise<void>,
  ) {
    this.record = record;
    this.#manifest = manifest;
    this.#store = store;
    this.#windows = windows;
    this.#sha1 = sha1;
    this.#lost = lost;
  }

  oid(path: string): string | undefined {
    const rank = this.#manifest.find(path);
    return rank < 0 ? undefined : this.#manifest.oid(rank);
  }

  async read(path: string): Promise<SnapshotFile | undefined> {
    const rank = this.#manifest.find(path);
    return rank < 0 ? undefined : this.#readRank(rank, false);
  }

  *paths(): Iterable<string> {
    for (let rank = 0; rank < this.#manifest.count; rank++) yield this.#manifest.path(rank);
  }

  async visit(
    prefix: string,
    slice: Slice,
    visitor: FileVisitor,
    held?: (rank: number) => Uint8Array<ArrayBuffer> | null,
  ): Promise<void> {
    for (let rank = this.#manifest.lowerBound(prefix); rank < this.#manifest.count; rank++) {
      const path = this.#manifest.path(rank);
      if (!path.startsWith(prefix)) return;
      const visited = visitor(path, held?.(rank) ?? (await this.#readRank(rank, true)).bytes, rank);
      if (visited !== undefined) await visited;
      if (slice.due()) await slice.pause();
    }
  }

  async #readRank(rank: number, inBulk: boolean): Promise<SnapshotFile> {
    try {
      return await this.#readVerified(rank, inBulk);
    } catch (thrown) {
      await this.#lost(thrown);
      throw thrown;
    }
  }

  async #readVerified(rank: number, inBulk: boolean): Promise<SnapshotFile> {
    const place = this.#manifest.place(rank);
    const pack = await this.#pack(place.pack, inBulk);
    const object = await this.#objects.read(pack, place.offset);
    const oid = this.#manifest.oid(rank);
    if (object.type !== objectTypes.blob || hashObject(this.#sha1, "blob", object.bytes) !== oid) {
      throw new MirrorError("store-lost", { reason: `blob ${oid} in pack ${pack.key} is damaged` });
    }
    return { oid, bytes: object.bytes };
  }

  #pack(number: number, inBulk: boolean): Promise<StoredPack> {
    const key = this.record.packs[number] ?? "";
    const packs = inBulk ? this.#bulkPacks : this.#packs;
    let pack = packs.get(key);
    if (pack === undefined) {
      pack = this.#store.pack(key).then((readable) => {
        if (readable === undefined) throw new MirrorError("store-lost", { reason: `pack ${key} is gone` });
        return this.#windows.open(readable, inBulk);
      });
      packs.set(key, pack);
      pack.catch(() => packs.delete(key));
    }
    return pack;
  }
}
