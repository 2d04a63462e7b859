import { formatDuration } from "../format/duration.ts";
import type { LatencySample } from "./latency-record.ts";

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Axis {
  /** Where the axis ends, in milliseconds. */
  readonly end: number;
  readonly ticks: readonly Tick[];
}

/** Everything faster lies on the base line: clocks of browsers tell no less than about a millisecond apart. */
const floorMs = 1;

/** Time since the start, linear, with `about` ticks at round values; never shorter than the longest run. */
export function timeAxis(longestMs: number, about: number): Axis {
  const end = Math.max(longestMs, 500);
  const raw = end / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const count = Math.floor(end / step + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => ({
    value: index * step,
    label: seconds(index * step),
  }));
  return { end, ticks };
}

/** The length of an axis for a run that is still going on: it grows in steps, so that the picture does not creep. */
export function roomFor(elapsedMs: number): number {
  let room = 2_000;
  while (room < elapsedMs) room *= 1.5;
  return room;
}

/** Latency, logarithmic from one millisecond, up to a round value above the slowest answer. */
export function latencyAxis(slowestMs: number): Axis {
  const least = Math.max(slowestMs * 1.15, 100);
  const power = 10 ** Math.floor(Math.log10(least));
  const end = power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10);
  const ticks: Tick[] = [];
  for (let value = floorMs; value <= end; value *= 10) ticks.push({ value, label: formatDuration(value) });
  return { end, ticks };
}

/** A panel's drawing area in CSS pixels; `top` and `bottom` are y coordinates. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export function place(sample: Pick<LatencySample, "at" | "ms">, time: Axis, latency: Axis, area: Area): Place {
  const along = Math.min(1, Math.max(0, sample.at / time.end));
  const up = Math.log(Math.max(floorMs, sample.ms) / floorMs) / Math.log(latency.end / floorMs);
  return {
    x: area.left + along * (area.right - area.left),
    y: area.bottom - Math.min(1, up) * (area.bottom - area.top),
  };
}

export interface Marks {
  /** Path of one vertical line a pixel column, as high as its slowest question. */
  readonly stems: string;
  /** Path of zero-length lines, one for each place that an answer has; round caps make them dots. */
  readonly dots: string;
}

/** Half pixels are as fine as a dot can tell, and bound what a long run draws. */
export function marks(samples: readonly LatencySample[], time: Axis, latency: Axis, area: Area): Marks {
  const highest = new Map<number, number>();
  const dots = new Set<string>();
  for (const sample of samples) {
    const { x, y } = place(sample, time, latency, area);
    const column = halves(x);
    const height = halves(y);
    highest.set(column, Math.min(height, highest.get(column) ?? height));
    if (sample.answered) dots.add(`M${column} ${height}h0`);
  }
  const stems = [...highest].map(([column, height]) => `M${column} ${halves(area.bottom)}V${height}`);
  return { stems: stems.join(""), dots: [...dots].join("") };
}

function halves(pixels: number): number {
  return Math.round(pixels * 2) / 2;
}

function seconds(ms: number): string {
  return ms === 0 ? "0" : `${Number((ms / 1000).toFixed(2))}\u00a0s`;
}
