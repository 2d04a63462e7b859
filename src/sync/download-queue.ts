import { asMirrorError, MirrorError } from "../core/errors.ts";

/** Named by its key: two with one key are the same download. */
export interface Download {
  readonly key: string;
}

export interface QueueHost<T extends Download> {
  /** Downloads at a time. */
  readonly parallel: number;
  /** Rejects with why it failed. `progress` takes what has arrived so far, and all there is to come where that is known. */
  readonly download: (
    item: T,
    progress: (bytes: number, totalBytes: number | null) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Something that `report` says has changed. */
  readonly changed: () => void;
}

export interface ActiveDownload<T> {
  readonly item: T;
  readonly bytes: number;
  readonly totalBytes: number | null;
}

interface Running<T> extends ActiveDownload<T> {
  readonly abort: AbortController;
}

/** So many downloads at a time, in the order in which they were wanted; the others wait. Knows neither network nor store. */
export class DownloadQueue<T extends Download> {
  readonly #host: QueueHost<T>;
  /** Keys of all that is wanted and not done. */
  #wanted: ReadonlySet<string> = new Set();
  #waiting: Map<string, T> = new Map();
  readonly #active: Map<string, Running<T>> = new Map();
  readonly #failed: Map<string, { readonly item: T; readonly error: MirrorError }> = new Map();
  readonly #settled: Set<() => void> = new Set();
  #paused = false;

  constructor(host: QueueHost<T>) {
    this.#host = host;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get active(): readonly ActiveDownload<T>[] {
    return [...this.#active.values()];
  }

  get failed(): readonly { readonly item: T; readonly error: MirrorError }[] {
    return [...this.#failed.values()];
  }

  /** Whether all that was wanted is there. */
  get isDone(): boolean {
    return this.#waiting.size + this.#active.size + this.#failed.size === 0;
  }

  /** From now on these are wanted, and no others: what is under way and not among them is given up, what failed is tried again. */
  want(items: Iterable<T>): void {
    const wanted = new Map<string, T>();
    for (const item of items) wanted.set(item.key, item);
    this.#wanted = new Set(wanted.keys());
    for (const [key, { abort }] of this.#active) {
      if (wanted.has(key)) wanted.delete(key);
      else abort.abort(given());
    }
    this.#failed.clear();
    this.#waiting = wanted;
    this.#go();
  }

  /** Gives up what is under way; it comes first when the queue is resumed. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    for (const { abort } of this.#active.values()) abort.abort(given());
    this.#host.changed();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#go();
  }

  /** Resolves when nothing is under way: all is done or failed, or the queue is paused. */
  async rest(): Promise<void> {
    while (this.#active.size > 0) await new Promise<void>((resolve) => this.#settled.add(resolve));
  }

  #go(): void {
    while (!this.#paused && this.#active.size < this.#host.parallel) {
      const [next] = this.#waiting.values();
      if (next === undefined) break;
      this.#waiting.delete(next.key);
      void this.#run(next);
    }
    this.#host.changed();
  }

  async #run(item: T): Promise<void> {
    const abort = new AbortController();
    const { key } = item;
    const progress = (bytes: number, totalBytes: number | null) => {
      if (this.#active.get(key)?.abort !== abort) return;
      this.#active.set(key, { item, bytes, totalBytes, abort });
      this.#host.changed();
    };
    this.#active.set(key, { item, bytes: 0, totalBytes: null, abort });
    let failure: MirrorError | null = null;
    try {
      await this.#host.download(item, progress, abort.signal);
    } catch (thrown) {
      failure = asMirrorError(thrown);
    }
    this.#active.delete(key);
    if (abort.signal.aborted) {
      // Given up by a pause, or wanted again since: it comes first.
      if (failure !== null && this.#wanted.has(key)) this.#waiting = new Map([[key, item], ...this.#waiting]);
    } else if (failure !== null) this.#failed.set(key, { item, error: failure });
    this.#go();
    for (const resolve of this.#settled) resolve();
    this.#settled.clear();
  }
}

function given(): MirrorError {
  return new MirrorError("aborted", { what: "The download" });
}
