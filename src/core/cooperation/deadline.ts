import type { Aborting, Clock } from "./clock.ts";

/**
 * The promise's outcome, or what `late` returns or throws when it has not settled after `ms`.
 * The promise goes on in the background; its later failure is ignored.
 */
export function within<T, L>(clock: Clock, ms: number, promise: Promise<T>, late: () => L): Promise<T | L> {
  const timer = new Cancellation();
  return raced(clock.sleep(Math.max(0, ms), timer), promise, late, () => timer.cancel());
}

/** `work`, or a rejection with `late()` after `ms` milliseconds. The work itself goes on; whoever can stop it does so in `late`. */
export function withDeadline<T>(clock: Clock, work: Promise<T>, ms: number, late: () => unknown): Promise<T> {
  const timer = new AbortController();
  const failed = (): never => {
    throw late();
  };
  return raced(clock.sleep(ms, timer.signal), work, failed, () => timer.abort());
}

async function raced<T, L>(
  over: Promise<void>,
  promise: Promise<T>,
  late: () => L,
  cancel: () => void,
): Promise<T | L> {
  const timeout = over.then(late);
  timeout.catch(() => {});
  promise.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    cancel();
  }
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
