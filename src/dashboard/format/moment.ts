const steps = [
  { limit: 60, seconds: 1, unit: "second" },
  { limit: 3_600, seconds: 60, unit: "minute" },
  { limit: 86_400, seconds: 3_600, unit: "hour" },
  { limit: 30 * 86_400, seconds: 86_400, unit: "day" },
  { limit: 365 * 86_400, seconds: 30.4375 * 86_400, unit: "month" },
  { limit: Number.POSITIVE_INFINITY, seconds: 365.25 * 86_400, unit: "year" },
] as const;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });

/** `3 days ago`, `in 2 minutes`, `just now` (less than five seconds away). Both in milliseconds since the Unix epoch. */
export function formatRelative(moment: number, now: number): string {
  if (!Number.isFinite(moment) || !Number.isFinite(now)) return "–";
  const seconds = Math.abs(now - moment) / 1000;
  if (seconds < 5) return "just now";
  for (const step of steps) {
    if (seconds >= step.limit) continue;
    const count = Math.max(1, Math.floor(seconds / step.seconds));
    return relative.format(moment <= now ? -count : count, step.unit);
  }
  return "–";
}

/** `27 Aug 2026, 14:03 UTC`: day, minute and zone of the reader, or of `timeZone`. */
export function formatAbsolute(moment: number, timeZone?: string): string {
  if (!Number.isFinite(moment)) return "–";
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(moment);
}
