import type { Snapshot } from "../store/snapshot-reader.ts";
import type { HandlerDeps } from "./ports.ts";
import type { UpdateWish } from "./wanted.ts";

/** Milliseconds between two looks for the first snapshot. */
const pollMs = 25;
/** Requests that go on together, and the milliseconds before the next ones: dozens at once would keep others waiting. */
const burst = 4;
const burstMs = 4;

/**
 * Looks for the first snapshot on behalf of all requests that wait for it. One look serves them all: hundreds that look
 * for themselves keep the store, and with it the sync, from its work.
 */
export class SnapshotWatch {
  readonly #deps: Pick<HandlerDeps, "clock" | "openSnapshot">;
  readonly #wish: UpdateWish;
  readonly #waiting = new Map<string, Set<(snapshot: Snapshot | null) => void>>();

  constructor(deps: Pick<HandlerDeps, "clock" | "openSnapshot">, wish: UpdateWish) {
    this.#deps = deps;
    this.#wish = wish;
  }

  /** The snapshot as soon as there is one; null once the signal is aborted. Never rejects. */
  wait(repository: string, signal: AbortSignal): Promise<Snapshot | null> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(null);
      let waiting = this.#waiting.get(repository);
      const first = waiting === undefined;
      waiting ??= new Set();
      this.#waiting.set(repository, waiting.add(resolve));
      signal.addEventListener("abort", () => {
        waiting.delete(resolve);
        resolve(null);
      });
      if (first) void this.#look(repository, waiting);
    });
  }

  async #look(repository: string, waiting: Set<(snapshot: Snapshot | null) => void>): Promise<void> {
    const { clock, openSnapshot } = this.#deps;
    while (waiting.size > 0) {
      try {
        const snapshot = await openSnapshot(repository);
        if (snapshot !== null) {
          await this.#release(waiting, snapshot);
          break;
        }
      } catch {
        this.#wish.express(repository);
      }
      await clock.sleep(pollMs);
    }
    this.#waiting.delete(repository);
  }

  async #release(waiting: Set<(snapshot: Snapshot | null) => void>, snapshot: Snapshot): Promise<void> {
    let released = 0;
    // A set may grow while it is walked: who comes to wait meanwhile is served by the same walk.
    for (const settle of waiting) {
      settle(snapshot);
      waiting.delete(settle);
      if (++released % burst === 0) await this.#deps.clock.sleep(burstMs);
    }
  }
}
