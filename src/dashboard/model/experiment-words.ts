import type { YieldPolicy } from "../../core/cooperation/slice.ts";
import { formatDuration } from "../format/duration.ts";
import type { LatencySummary } from "./latency-record.ts";

/** The slice of the mirror's own sync worker, in milliseconds. */
export const sliceMs = 4;

export interface PolicyWords {
  readonly policy: YieldPolicy;
  readonly title: string;
  /** Heads a column of the table. */
  readonly short: string;
  readonly what: string;
  /** Goes on after a figure: `1.9 s when it never gives way`. */
  readonly when: string;
}

/** In the order in which they run. */
export const policies: readonly PolicyWords[] = [
  {
    policy: "never",
    title: "Never gives way",
    short: "Never",
    what: "Awaits what is ready and goes on, as most code does.",
    when: "when it never gives way",
  },
  {
    policy: "every",
    title: "Gives way after every object",
    short: "Every object",
    what: "One trip through the event loop for each object that was read.",
    when: "with a pause after every object",
  },
  {
    policy: "budget",
    title: "Gives way by a time budget",
    short: "Time budget",
    what: `Pauses when it has worked for ${sliceMs} ms, as this mirror does.`,
    when: "with a time budget",
  },
];

export interface Measured {
  readonly policy: YieldPolicy;
  readonly durationMs: number;
  readonly summary: LatencySummary;
}

/** Below this a clone is over before anybody could wait for it. */
const tooShortMs = 250;

/** What complete runs have shown, in words. Null when none is complete. */
export function finding(measured: readonly Measured[]): string | null {
  const known = measured.flatMap(({ policy, durationMs, summary }) => {
    const words = policies.find((candidate) => candidate.policy === policy);
    return words === undefined || summary.asked === 0 ? [] : [{ ...words, durationMs, summary }];
  });
  if (known.length === 0) return null;
  const waits = known.map(({ when, summary }) => `${formatDuration(summary.maxMs)} ${when}`);
  const totals = known.map(({ durationMs }) => formatDuration(durationMs));
  return `The longest wait was ${listed(waits)}. The clone took ${listed(totals)}${known.length > 1 ? " in this order" : ""}.`;
}

/** True when the repository is so small that the runs cannot show a difference. */
export function tooSmallToTell(measured: readonly Measured[]): boolean {
  return measured.length > 0 && measured.every(({ durationMs }) => durationMs < tooShortMs);
}

function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}
