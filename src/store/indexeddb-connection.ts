import { wrap } from "idb";
import type { Clock } from "../core/cooperation/clock.ts";
import { MirrorError } from "../core/errors.ts";
import { databaseVersion, type MirrorDatabase, type MirrorUpgrade, upgradeDatabase } from "./indexeddb-schema.ts";
import { errorName, storageFailure } from "./storage-failure.ts";

/** Reopenings after a lost handle, before an operation is given up. */
const maxReopenings = 3;
/** A tab that holds an older version is told to let go; one that does not within this time is reported, not waited for. */
const blockedMs = 3_000;
/** An `open` that answers nothing at all is given up after this time. */
const openMs = 10_000;

/**
 * The one connection of a context to its database. The handle is dropped on `versionchange` (so that no tab ever blocks
 * an upgrade or a deletion), on `close` and when a call finds it dead; the next operation opens another one.
 * Never deletes a database: damage is reported, and what is lost is fetched again.
 */
export class IndexedDbConnection {
  readonly #name: string;
  readonly #factory: IDBFactory;
  readonly #clock: Clock;
  #handle: Promise<MirrorDatabase> | null = null;
  #closed = false;

  constructor(name: string, factory: IDBFactory, clock: Clock) {
    this.#name = name;
    this.#factory = factory;
    this.#clock = clock;
  }

  /**
   * Runs `work`, again on a new handle when the handle was lost. `work` must be one transaction, so that an attempt that
   * failed has changed nothing. Throws `store-failed`, `store-quota`, `store-newer`, or the MirrorError `work` threw.
   * `needed` is the size in bytes of what is written.
   */
  async run<T>(operation: string, work: (database: MirrorDatabase) => Promise<T>, needed = 0): Promise<T> {
    for (let reopenings = 0; ; reopenings++) {
      if (this.#closed) throw new MirrorError("store-failed", { operation, reason: "the store was closed" });
      this.#handle ??= this.#open();
      const handle = this.#handle;
      try {
        return await work(await handle);
      } catch (thrown) {
        if (!handleLost(thrown)) {
          if (thrown instanceof MirrorError && thrown.code === "store-newer") this.#drop(handle);
          throw storageFailure(operation, thrown, needed);
        }
        this.#drop(handle);
        if (reopenings === maxReopenings && !this.#closed) throw storageFailure(operation, thrown, needed);
      }
    }
  }

  /** Operations that are under way complete; later ones throw `store-failed`. */
  close(): void {
    this.#closed = true;
    if (this.#handle) this.#drop(this.#handle);
  }

  #drop(handle: Promise<MirrorDatabase>): void {
    if (this.#handle === handle) this.#handle = null;
    handle.then(
      (database) => database.close(),
      () => {},
    );
  }

  #open(): Promise<MirrorDatabase> {
    const handle = this.#request(() => this.#drop(handle));
    // A failed attempt must not be what the next operation finds.
    handle.catch(() => this.#drop(handle));
    return handle;
  }

  async #request(lost: () => void): Promise<MirrorDatabase> {
    const timers = new AbortController();
    try {
      return await new Promise<MirrorDatabase>((resolve, reject) => {
        let abandoned = false;
        const abandonAfter = (ms: number, reason: string) => {
          this.#clock.sleep(ms, timers.signal).then(
            () => {
              abandoned = true;
              reject(new MirrorError("store-failed", { operation: "open", reason }));
            },
            () => {},
          );
        };
        abandonAfter(openMs, `the browser did not open the database within ${openMs / 1000} s`);
        const request = this.#factory.open(this.#name, databaseVersion);
        request.onupgradeneeded = (event) =>
          upgradeDatabase(
            wrap(request.result) as MirrorDatabase,
            wrap(request.transaction!) as unknown as MirrorUpgrade,
            event.oldVersion,
          );
        request.onblocked = () =>
          abandonAfter(blockedMs, "another tab holds an older version of the database; close or reload it");
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const raw = request.result;
          // The answer to an attempt that was given up: holding it open would block others.
          if (abandoned) return raw.close();
          raw.onversionchange = lost;
          raw.onclose = lost;
          resolve(wrap(raw) as MirrorDatabase);
        };
      });
    } catch (thrown) {
      if (errorName(thrown) === "VersionError") throw await this.#newer(thrown);
      throw thrown;
    } finally {
      timers.abort();
    }
  }

  async #newer(thrown: unknown): Promise<MirrorError> {
    const databases = (await this.#factory.databases?.().catch(() => [])) ?? [];
    const found = databases.find((database) => database.name === this.#name)?.version ?? databaseVersion + 1;
    return new MirrorError("store-newer", { found, known: databaseVersion }, thrown);
  }
}

/**
 * Names by which engines say that the handle, not the operation, is at fault: a transaction on a closed handle
 * (InvalidStateError), one that a forced close or a dying process aborted (AbortError), a lost connection to the storage
 * process (UnknownError). Quota and version errors have names of their own.
 */
function handleLost(thrown: unknown): boolean {
  if (thrown instanceof MirrorError) return false;
  const name = errorName(thrown);
  return name === "InvalidStateError" || name === "AbortError" || name === "UnknownError";
}
