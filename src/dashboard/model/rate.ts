import type { SyncProgress } from "../../protocol/status.ts";

/** One look at a running sync. `at` is monotonic milliseconds. */
export interface Sample {
  readonly at: number;
  readonly phase: string;
  readonly progress: SyncProgress;
}

export interface Rate {
  readonly bytesPerSecond: number;
  readonly objectsPerSecond: number;
}

/** Long enough to be steady, short enough to notice a stall. */
const windowMs = 4_000;
/** Below this a rate would be noise. */
const leastMs = 400;

/**
 * Adds a sample and forgets those that left the window, except the youngest of them: it is where the window begins.
 * A new phase or a counter that went back begins anew.
 */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  const restarted =
    last !== undefined &&
    (last.phase !== sample.phase ||
      sample.progress.objects < last.progress.objects ||
      sample.progress.bytes < last.progress.bytes ||
      sample.at < last.at);
  if (last === undefined || restarted) return [sample];
  const kept = [...samples, sample];
  const start = sample.at - windowMs;
  let drop = 0;
  while (drop + 1 < kept.length && (kept[drop + 1]?.at ?? 0) <= start) drop++;
  return kept.slice(drop);
}

/** Speed over the window that ends at `now`; time without news counts, so a stalled sync slows down to nothing. Null while there is too little to tell. */
export function rateOf(samples: readonly Sample[], now: number): Rate | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return null;
  const seconds = (Math.max(now, last.at) - first.at) / 1000;
  if (seconds * 1000 < leastMs) return null;
  return {
    bytesPerSecond: (last.progress.bytes - first.progress.bytes) / seconds,
    objectsPerSecond: (last.progress.objects - first.progress.objects) / seconds,
  };
}

/** Milliseconds until the phase's last object at this rate, or null when that cannot be told. */
export function timeLeft(progress: SyncProgress, rate: Rate | null): number | null {
  const left = progress.totalObjects - progress.objects;
  if (rate === null || rate.objectsPerSecond <= 0 || progress.totalObjects <= 0 || left <= 0) return null;
  return (left / rate.objectsPerSecond) * 1000;
}
