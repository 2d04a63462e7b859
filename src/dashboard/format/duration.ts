const space = "\u00a0";

/** A span of time, as coarse as its size allows: `0.4 ms`, `850 ms`, `4.2 s`, `1 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 9.95) return `${Number(ms.toFixed(1))}${space}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${space}ms`;
  if (ms < 9_950) return `${Number((ms / 1000).toFixed(1))}${space}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}${space}s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(ms / 3_600_000);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/**
 * A guess of the time left, no more precise than a guess deserves: whole seconds up to 20, then steps of five,
 * then half minutes, then minutes.
 */
export function formatTimeLeft(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds <= 20) return formatDuration(seconds * 1000);
  if (seconds <= 55) return formatDuration(Math.ceil(seconds / 5) * 5000);
  if (seconds <= 600) return formatDuration(Math.ceil(seconds / 30) * 30_000);
  return formatDuration(Math.ceil(seconds / 60) * 60_000);
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${space}${largeUnit}` : `${large}${space}${largeUnit} ${small}${space}${smallUnit}`;
}
