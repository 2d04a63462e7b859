import type { Clock } from "../core/cooperation/clock.ts";

/** Milliseconds after which a question is repeated. */
const againMs = 700;

/** Asks now, and again and again until the answer is there: what was sent to a service worker that is killed is lost with it. */
export async function askUntil<T>(clock: Clock, answered: Promise<T>, ask: () => void): Promise<T> {
  const done = new AbortController();
  const asking = async () => {
    while (!done.signal.aborted) {
      ask();
      await clock.sleep(againMs, done.signal).catch(() => undefined);
    }
  };
  void asking();
  try {
    return await answered;
  } finally {
    done.abort();
  }
}
