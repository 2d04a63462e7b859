import type { Clock } from "./clock.ts";

/**
 * One macrotask: resolves only after the host's event loop has had the chance to run what is queued
 * (a fetch event, a port message, an IndexedDB completion). A resolved promise is not one.
 */
export type Macrotask = () => Promise<void>;

/**
 * When a loop gives way. `budget` is the product; `never` and `every` exist for the experiment of
 * docs/performance.md and for benchmarks only.
 */
export type YieldPolicy = "budget" | "never" | "every";

/** What may pass between two looks at the clock, and the most calls of `due` that go without one. */
const trustedMs = 0.1;
const mostTrusted = 8;
/** A slice that took so many times its length was late: most often others wanted the processor. */
const lateTimes = 1.5;
/** The first slices are half as long: code that is not compiled yet takes steps of unforeseen length, and they end late. */
const coldPauses = 40;
/** So are those after a late one: whoever took the processor away does it again soon. */
const latePauses = 5;
/** What the others are left after a late slice. */
const restMs = 1;

/**
 * The time budget that every loop over input takes: `if (slice.due()) await slice.pause();`.
 *
 * The clock of a slice restarts only when its own pause has ended. It is not restarted at other awaits:
 * an await on data that is ready is a microtask, and lets nothing else in.
 */
export class Slice {
  readonly #clock: Clock;
  readonly #macrotask: Macrotask;
  readonly #policy: YieldPolicy;
  #started: number;
  /** When the clock was read last, and how many of the calls that follow may trust that it has hardly moved. */
  #read: number;
  #trusted = 0;
  #calls = 0;
  #pauses = 0;
  /** Until so many pauses slices are short, and followed by two turns. */
  #shortUntil = coldPauses;
  #pausing: Promise<void> | null = null;
  /** After each slice. */
  #restMs = 0;
  /** Called after each pause, inside the slice that begins. Must be short: it is paid by the slice. */
  onResume: (() => void) | null = null;
  /** Slice length in milliseconds, set by the host: 4 in a worker, 2 in a service worker. */
  readonly ms: number;

  constructor(clock: Clock, macrotask: Macrotask, ms: number, policy: YieldPolicy = "budget") {
    this.#clock = clock;
    this.#macrotask = macrotask;
    this.#policy = policy;
    this.ms = ms;
    this.#started = this.#read = clock.now();
  }

  /** How often this slice has given way so far. */
  get pauses(): number {
    return this.#pauses;
  }

  /** Other code begins, which is not compiled yet either. */
  beginCold(): void {
    this.#shortUntil = this.#pauses + coldPauses;
  }

  /** Nobody waits for what follows: after each slice the processor is left to others for as long (docs/decisions/039-rest-and-flips.md). */
  takeTime(): void {
    this.#restMs = this.ms;
  }

  /** True when the loop must pause before it goes on. */
  due(): boolean {
    switch (this.#policy) {
      case "budget":
        return this.#calls++ >= this.#trusted && this.#look();
      case "every":
        return true;
      case "never":
        return false;
    }
  }

  /** Reading the clock costs as much as a small object: a loop whose turns are short is asked at every few of them only. */
  #look(): boolean {
    const now = this.#clock.now();
    const perCall = (now - this.#read) / this.#calls;
    this.#trusted = Math.min(mostTrusted, Math.floor(trustedMs / perCall));
    this.#read = now;
    this.#calls = 0;
    return now - this.#started >= this.#length();
  }

  /**
   * Gives way to the event loop. Loops that share the slice share the pause.
   * While slices are short by two macrotasks: a timer that became due meanwhile is queued only when the loop turns, behind the first of them,
   * and would otherwise wait for the whole next slice. After a late one it rests for a moment, so that the processor is not taken away in
   * the middle of the next (docs/decisions/029-two-turns.md).
   */
  pause(): Promise<void> {
    this.#pausing ??= this.#turn().then(() => {
      this.#pausing = null;
      this.#pauses++;
      this.#started = this.#read = this.#clock.now();
      this.#calls = 0;
      this.onResume?.();
    });
    return this.#pausing;
  }

  #length(): number {
    return this.#pauses < this.#shortUntil ? this.ms / 2 : this.ms;
  }

  async #turn(): Promise<void> {
    let rest = this.#restMs;
    if (this.#clock.now() - this.#started > this.#length() * lateTimes) {
      this.#shortUntil = Math.max(this.#shortUntil, this.#pauses + latePauses);
      rest = Math.max(rest, restMs);
    }
    if (rest > 0) await this.#clock.sleep(rest);
    await this.#macrotask();
    if (this.#pauses < this.#shortUntil) await this.#macrotask();
  }
}
