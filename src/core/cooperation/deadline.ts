import type { Aborting, Clock } from "./clock.ts";

/**
 * The promise's outcome, or what `late` returns or throws when it has not settled after `ms`.
 * The promise goes on in the background; its later failure is ignored.
 */
export async function within<T, L>(clock: Clock, ms: number, promise: Promise<T>, late: () => L): Promise<T | L> {
  const timer = new Cancellation();
  const timeout = clock.sleep(Math.max(0, ms), timer).then(late);
  timeout.catch(() => {});
  promise.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    timer.cancel();
  }
}

/** `work`, or a rejection with `late()` after `ms` milliseconds. The work itself goes on; whoever can stop it does so in `late`. */
export function withDeadline<T>(clock: Clock, work: Promise<T>, ms: number, late: () => unknown): Promise<T> {
  return within(clock, ms, work, (): never => {
    throw late();
  });
}

/** Made once: nobody looks at it. */
const settled = new Error("the promise has settled");

/** Ends one sleep. Every answer makes two, and an AbortController with the DOMException of its abort costs more than all else that a file needs. */
class Cancellation implements Aborting {
  aborted = false;
  readonly reason: Error = settled;
  #listener: (() => void) | null = null;

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = null;
  }

  cancel(): void {
    this.aborted = true;
    this.#listener?.();
  }
}
