import type { Aborting, Clock } from "../../src/core/cooperation/clock.ts";

/** A clock that stands still until it is told to go on. */
export class StillClock implements Clock {
  /** Milliseconds. */
  time = 0;
  /** The same in wall time. */
  readonly #epoch: number;
  #sleeping: { readonly until: number; readonly wake: () => void }[] = [];

  constructor(epoch = 0) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.time;
  }

  wall(): number {
    return this.#epoch + this.time;
  }

  sleep(ms: number, signal?: Aborting): Promise<void> {
    return new Promise((wake, reject) => {
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      const awake = () => {
        signal?.removeEventListener("abort", abort);
        wake();
      };
      this.#sleeping.push({ until: this.time + ms, wake: awake });
    });
  }

  /** Wakes, in one step, whoever slept until then. */
  advance(ms: number): void {
    this.time += ms;
    const due = this.#sleeping.filter(({ until }) => until <= this.time);
    this.#sleeping = this.#sleeping.filter(({ until }) => until > this.time);
    for (const { wake } of due) wake();
  }

  /** Goes on step by step, and lets everybody who was woken do what they do next. */
  async pass(ms: number, step = 1_000): Promise<void> {
    for (const end = this.time + ms; this.time < end; ) {
      this.advance(Math.min(step, end - this.time));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
