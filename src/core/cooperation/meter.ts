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

/**
 * What a sync does to everybody else. The gap is measured by a heartbeat: a macrotask posted again and again, so that
 * waiting for the network does not count and every loop that holds the thread does.
 */
export class AvailabilityMeter {
  readonly #clock: Clock;
  readonly #macrotask: Macrotask;
  #beating = false;
  #longestGap = 0;
  #requests = 0;
  #latencies: number[] = [];

  constructor(clock: Clock, macrotask: Macrotask) {
    this.#clock = clock;
    this.#macrotask = macrotask;
  }

  /** Forgets the last measurement and measures until the returned function is called. */
  start(): () => void {
    this.#longestGap = 0;
    this.#requests = 0;
    this.#latencies = [];
    this.#beating = true;
    void this.#beat();
    return () => {
      this.#beating = false;
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

  async #beat(): Promise<void> {
    let before = this.#clock.now();
    while (this.#beating) {
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
