import type { Clock } from "./clock.ts";

/** `work`, or a rejection with `late()` after `ms` milliseconds. The work itself goes on; whoever can stop it does so in `late`. */
export async function withDeadline<T>(clock: Clock, work: Promise<T>, ms: number, late: () => unknown): Promise<T> {
  const done = new AbortController();
  const expired = clock.sleep(ms, done.signal).then(
    () => Promise.reject(late()),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, expired]);
  } finally {
    done.abort();
  }
}
