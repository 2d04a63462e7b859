import type { Clock } from "../core/cooperation/clock.ts";
import { within } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import type { ArchiveBuffer } from "./archive-buffer.ts";
import type { ArchiveReceiver } from "./archive-download.ts";
import type { ArchiveStream } from "./ports.ts";
import { recentBytes } from "./recent-bytes.ts";

/** Bytes that readers get at once. */
const stepBytes = 256 * 1024;
/** A reader that is so far behind is waited for: what it has not read is soon no longer in memory. */
const behindBytes = recentBytes / 2;
/** Readers are waited for as long as that many bytes arrive each millisecond: nobody who is slow makes all others slow. */
const leastPace = 8_000;
/** Who has not read for so long is not waited for. Milliseconds. */
const asleepMs = 300;

export interface ArrivalDeps {
  readonly clock: Clock;
  /** Larger archives are read while they arrive. */
  readonly wholeBytes: number;
  /**
   * Whoever reads a body has taken what is in a chunk before he asks for the next, as a browser that answers a request does: one buffer
   * serves for all chunks.
   */
  readonly reuseChunks: boolean;
  /** Called once, when it is known that more than `wholeBytes` come. */
  readonly large: () => void;
}

/** How far a reader is, and when it got there. */
interface Progress {
  at: number;
  since: number;
}

/**
 * An archive that arrives from one place. Its readers follow it, and never get its last bytes before all were verified: a body that turns
 * out to be wrong ends with an error.
 */
export class Arrival implements ArchiveReceiver {
  readonly #buffer: ArchiveBuffer;
  readonly #deps: ArrivalDeps;
  readonly #readers = new Set<Progress>();
  #kept: Uint8Array[] | null = [];
  #size: number | null = null;
  #failure: MirrorError | null = null;
  #isVerified = false;
  #change: { readonly promise: Promise<void>; readonly tell: () => void } = change();
  /** A reader has read. */
  #progress: { readonly promise: Promise<void>; readonly tell: () => void } = change();

  constructor(buffer: ArchiveBuffer, deps: ArrivalDeps) {
    this.#buffer = buffer;
    this.#deps = deps;
  }

  get received(): number {
    return this.#buffer.size;
  }

  get isLarge(): boolean {
    return this.#kept === null;
  }

  expect(size: number | null): void {
    this.#size = size;
    if (size !== null && size > this.#deps.wholeBytes) this.#becomeLarge();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#buffer.write(bytes);
    this.#kept?.push(bytes.slice());
    if (this.received > this.#deps.wholeBytes) this.#becomeLarge();
    this.#tell();
    await this.#waitForReaders(bytes.length / leastPace);
  }

  /** The bytes are what they should be. */
  verified(): void {
    this.#isVerified = true;
    this.#size = this.received;
    this.#tell();
  }

  fail(error: MirrorError): void {
    this.#failure = error;
    this.#tell();
  }

  /** The bytes of an archive that is not large. */
  whole(): Uint8Array<ArrayBuffer> | null {
    if (this.#kept === null) return null;
    const bytes = new Uint8Array(this.received);
    let at = 0;
    for (const part of this.#kept) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** A body for one reader; `ended` is called when it has been read or given up. */
  body(ended: () => void): ArchiveStream {
    return {
      size: this.#size,
      open: (first, last) => {
        const { clock, reuseChunks } = this.#deps;
        const reader: Progress = { at: first, since: clock.now() };
        const into = reuseChunks ? new Uint8Array(stepBytes) : undefined;
        this.#readers.add(reader);
        const left = () => {
          this.#readers.delete(reader);
          this.#progress.tell();
          ended();
        };
        return new ReadableStream<Uint8Array<ArrayBuffer>>(
          {
            pull: async (controller) => {
              try {
                const bytes = await this.#next(reader.at, last + 1, into);
                if (bytes === null) {
                  controller.close();
                  return left();
                }
                reader.at += bytes.length;
                reader.since = clock.now();
                this.#progress.tell();
                this.#progress = change();
                controller.enqueue(bytes);
              } catch (thrown) {
                left();
                throw thrown;
              }
            },
            cancel: left,
          },
          { highWaterMark: 0 },
        );
      },
    };
  }

  /** Some bytes from `at`, once they may go out; null at the end. */
  async #next(at: number, end: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const limit = Math.min(end, this.#isVerified ? this.received : this.received - 1);
      if (at < limit) {
        const bytes = await this.#buffer.read(at, Math.min(stepBytes, limit - at), into);
        if (bytes.length === 0) throw new MirrorError("store-lost", { reason: "an archive that arrives" });
        return bytes;
      }
      if (at >= end || this.#isVerified) return null;
      await this.#change.promise;
    }
  }

  /** At most `ms`. */
  async #waitForReaders(ms: number): Promise<void> {
    const { clock } = this.#deps;
    const until = clock.now() + ms;
    for (let now = clock.now(); now < until && this.#isSomeoneBehind(now); now = clock.now()) {
      await within(clock, until - now, this.#progress.promise, () => undefined);
    }
  }

  #isSomeoneBehind(now: number): boolean {
    for (const { at, since } of this.#readers)
      if (at < this.received - behindBytes && now - since < asleepMs) return true;
    return false;
  }

  #becomeLarge(): void {
    if (this.#kept === null) return;
    this.#kept = null;
    this.#deps.large();
  }

  #tell(): void {
    const { tell } = this.#change;
    this.#change = change();
    tell();
  }
}

function change(): { readonly promise: Promise<void>; readonly tell: () => void } {
  let tell = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return { promise, tell };
}
