import { expect } from "vitest";
import { describeNoise, isDisturbed, watchNoise } from "../machine-noise.ts";

/** What the issue promises. */
const withinMs = 2_000;
/** On a machine that does other things at the same time a takeover has to happen all the same. */
const tolerance = 4;

/** How long each kind of takeover took, over all rounds of a test. */
export class TakeoverTimes {
  readonly #name: string;
  readonly #times: Map<string, number[]> = new Map();

  /** `name` of the browser, for the report. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Runs a takeover, which says how many milliseconds it took, and checks that these are few enough. */
  async check(kind: string, takeover: () => Promise<number>): Promise<void> {
    const ended = await watchNoise();
    const ms = await takeover();
    const noise = await ended();
    this.#times.set(kind, [...(this.#times.get(kind) ?? []), ms]);
    const limit = isDisturbed(noise) ? tolerance * withinMs : withinMs;
    expect(ms, `${this.#name}, ${kind}; ${describeNoise(noise)}`).toBeLessThan(limit);
  }

  report(): void {
    for (const [kind, times] of this.#times) {
      const sorted = [...times].sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(0);
      const late = sorted.filter((ms) => ms >= withinMs).length;
      console.log(
        `${this.#name}: a leader that was ${kind} is followed after ${at(0.5)} ms (${sorted.length} times, ${at(0)} to ${at(1)} ms, ${late} later than ${withinMs} ms)`,
      );
    }
  }
}
