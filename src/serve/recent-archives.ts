import type { Clock } from "../core/cooperation/clock.ts";

/** How long the store is not read again. Milliseconds. */
const trustMs = 1_000;
const totalBytes = 4 * 1024 * 1024;
const largestBytes = 64 * 1024;

interface Recent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly readAt: number;
}

/** What was read from the store a moment ago, by its sha256. Who hands it out hashes it, as if it had just been read. */
export class RecentArchives {
  readonly #clock: Clock;
  readonly #recent = new Map<string, Recent>();
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(sha256: string): Uint8Array<ArrayBuffer> | undefined {
    const recent = this.#recent.get(sha256);
    if (recent === undefined || this.#clock.now() - recent.readAt < trustMs) return recent?.bytes;
    this.delete(sha256);
    return undefined;
  }

  set(sha256: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.delete(sha256);
    if (bytes.length > largestBytes) return;
    this.#recent.set(sha256, { bytes, readAt: this.#clock.now() });
    this.#total += bytes.length;
    for (const oldest of this.#recent.keys()) {
      if (this.#total <= totalBytes) return;
      this.delete(oldest);
    }
  }

  delete(sha256: string): void {
    this.#total -= this.#recent.get(sha256)?.bytes.length ?? 0;
    this.#recent.delete(sha256);
  }
}
