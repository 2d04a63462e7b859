import type { Aborting, Clock } from "../core/cooperation/clock.ts";

/** How often the leader is asked for a sign of life, and how many questions in a row may stay without an answer. */
export interface Pace {
  readonly everyMs: number;
  readonly patience: number;
}

/**
 * Notices a leader that holds the lock and does nothing: a tab that was frozen without being told, a thread that hangs. Unanswered questions
 * are counted, not time: after its own sleep a tab knows nothing of the others.
 */
export class LeaderWatch {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #silent: () => void;
  #unanswered = 0;
  #pause: AbortController = new AbortController();

  /** `ask` sends the question, `silent` is called when too many stayed unanswered; the count begins anew then. */
  constructor(clock: Clock, ask: () => void, silent: () => void) {
    this.#clock = clock;
    this.#ask = ask;
    this.#silent = silent;
  }

  /** A sign of life, whoever asked for it. */
  heard(): void {
    this.#unanswered = 0;
  }

  /** The pace has changed: the next question does not wait for the end of the old one's pause. */
  hurry(): void {
    this.#pause.abort();
  }

  /** Asks until the signal aborts. Never rejects. */
  async run(pace: () => Pace, signal: Aborting): Promise<void> {
    this.#unanswered = 0;
    signal.addEventListener("abort", () => this.hurry(), { once: true });
    while (!signal.aborted) {
      const { everyMs, patience } = pace();
      if (this.#unanswered >= patience) {
        this.#unanswered = 0;
        this.#silent();
      }
      this.#unanswered++;
      this.#ask();
      this.#pause = new AbortController();
      await this.#clock.sleep(everyMs, this.#pause.signal).catch(() => undefined);
    }
  }
}
