/** One question: when it was asked, and how long its answer took, or has not come for. Milliseconds; `at` since the run began. */
export interface LatencySample {
  readonly at: number;
  readonly ms: number;
  readonly answered: boolean;
}

export interface LatencySummary {
  readonly asked: number;
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Questions and answers of one run. Times are monotonic milliseconds of one clock. */
export class LatencyRecord {
  readonly #began: number;
  readonly #asked: number[] = [];
  readonly #took: (number | undefined)[] = [];

  constructor(began: number) {
    this.#began = began;
  }

  /** Notes a question and returns its number. */
  ask(now: number): number {
    this.#asked.push(now);
    return this.#asked.length - 1;
  }

  /** Notes an answer. The first one counts; one to a question that was never asked does not. */
  answer(id: number, now: number): void {
    const asked = this.#asked[id];
    if (asked !== undefined) this.#took[id] ??= now - asked;
  }

  get pending(): number {
    return this.#asked.length - this.#took.filter((ms) => ms !== undefined).length;
  }

  /** All questions in the order in which they were asked. One without an answer has waited until `now` at least. */
  samples(now: number): readonly LatencySample[] {
    return this.#asked.map((asked, id) => {
      const took = this.#took[id];
      return { at: asked - this.#began, ms: took ?? now - asked, answered: took !== undefined };
    });
  }
}

/** Figures of a run by nearest rank. Questions without an answer count with the time they have waited: leaving them out would praise a freeze. */
export function summarise(samples: readonly LatencySample[]): LatencySummary {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    asked: samples.length,
    answered: samples.filter(({ answered }) => answered).length,
    p50Ms: rank(0.5),
    p99Ms: rank(0.99),
    maxMs: sorted.at(-1) ?? 0,
  };
}
