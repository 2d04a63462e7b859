import type { Clock } from "../core/cooperation/clock.ts";

/**
 * The promise's outcome, or what `late` returns or throws when it has not settled after `ms`.
 * The promise goes on in the background; its later failure is ignored.
 */
export async function within<T, L>(clock: Clock, ms: number, promise: Promise<T>, late: () => L): Promise<T | L> {
  const timer = new AbortController();
  const timeout = clock.sleep(Math.max(0, ms), timer.signal).then(late);
  timeout.catch(() => {});
  promise.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    timer.abort();
  }
}

/** The first outcome that is not null; null when all are null or failed. */
export function firstAnswer<T>(attempts: readonly Promise<T | null>[]): Promise<T | null> {
  return new Promise((resolve) => {
    let open = attempts.length;
    const lost = () => {
      if (--open === 0) resolve(null);
    };
    if (open === 0) resolve(null);
    for (const attempt of attempts) attempt.then((answer) => (answer === null ? lost() : resolve(answer)), lost);
  });
}
