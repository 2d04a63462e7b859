import type { Clock } from "./clock.ts";
import type { Macrotask } from "./slice.ts";

const kept = 4096;

/** Milliseconds, of one sync: how long it kept an event waiting at the most, and how long requests took. */
export interface Availability {
  readonly longestGapMs: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** From the first `start` to the last end of those that overlap; how many have not ended. */
interface Measurement {
  users: number;
}

/**
 * What a sync does to everybody else. The gap is measured by a heartbeat: a macrotask posted again and again, so that
 * waiting for the network does not count and every loop that holds the thread does.
 */
export class AvailabilityMeter {
  readonly #clock: Clock;
  readonly #macrotask: Macrotask;
  #running: Measurement | null = null;
  #longestGap = 0;
  #requests = 0;
  #latencies: number[] = [];

  constructor(clock: Clock, macrotask: Macrotask) {
    this.#clock = clock;
    this.#macrotask = macrotask;
  }

  /**
   * Measures until the returned function is called. The last measurement is forgotten, unless it still runs: of several repositories that
   * are synced at the same time all are measured together.
   */
  start(): () => void {
    if (this.#running === null) {
      this.#longestGap = 0;
      this.#requests = 0;
      this.#latencies = [];
    }
    const measurement = this.#running ?? { users: 0 };
    if (measurement.users++ === 0) void this.#beat(measurement);
    this.#running = measurement;
    let stopped = false;
    return () => {
      if (stopped) return;
      stopped = true;
      if (--measurement.users === 0) this.#running = null;
    };
  }

  /** Notes one answered request. */
  answered(ms: number): void {
    this.#requests++;
    // Beyond what is kept, later requests replace earlier ones in turn.
    if (this.#latencies.length < kept) this.#latencies.push(ms);
    else this.#latencies[this.#requests % kept] = ms;
  }

  read(): Availability {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const rank = (share: number) =>
      rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
    return { longestGapMs: rounded(this.#longestGap), requests: this.#requests, p50Ms: rank(0.5), p99Ms: rank(0.99) };
  }

  async #beat(measurement: Measurement): Promise<void> {
    let before = this.#clock.now();
    while (measurement.users > 0) {
      // A pause between beats: a heartbeat that never rests would itself be the load.
      await this.#clock.sleep(2);
      const woken = this.#clock.now();
      await this.#macrotask();
      const now = this.#clock.now();
      // Late timers count too: whatever is above the sleep itself was somebody holding the thread.
      this.#longestGap = Math.max(this.#longestGap, now - woken, woken - before - 2);
      before = now;
    }
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
