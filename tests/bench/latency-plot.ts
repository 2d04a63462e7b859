import type { Ping } from "./browser/page.ts";

export interface Trace {
  readonly policy: string;
  readonly pings: readonly Ping[];
  /** End of the sync, milliseconds after its beginning. */
  readonly endMs: number;
  readonly facts: string;
}

const titles: Readonly<Record<string, string>> = {
  never: "never: the sync holds its thread",
  every: "every: a macrotask after each object",
  budget: "budget: slices of 4 ms (the product)",
};
const width = 760;
const left = 64;
const right = 16;
const panelHeight = 132;
const panelGap = 50;
const top = 34;
/** Of the logarithmic axis, in milliseconds. */
const lowest = 0.1;
const highest = 10_000;

/**
 * One panel for each policy on shared axes: when a message was sent, and what it waited for an answer. Plain SVG whose
 * colours follow the reader's colour scheme, also where it is shown as an image.
 */
export function latencyPlot(traces: readonly Trace[]): string {
  const longest = Math.max(...traces.map(({ endMs }) => endMs));
  const height = top + traces.length * (panelHeight + panelGap);
  const panels = traces.map((trace, i) => panel(trace, top + i * (panelHeight + panelGap), longest));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">
<title id="title">Latency of messages to the syncing worker under three yield policies</title>
<desc id="description">${traces.map(({ policy, facts }) => `${policy}: ${facts}`).join("; ")}.</desc>
<style>
  svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
  .ground { fill: #ffffff; } text { fill: #1d2733; } .quiet { fill: #56636f; }
  line { stroke: #d5dce2; } .end { stroke: #56636f; stroke-dasharray: 3 3; }
  path { stroke-width: 3.2; stroke-linecap: round; }
  .never { stroke: #b3261e; } .every { stroke: #8a5a00; } .budget { stroke: #00695c; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #10161c; } text { fill: #e6ebef; } .quiet { fill: #a3b0bb; }
    line { stroke: #2b3640; } .end { stroke: #a3b0bb; }
    .never { stroke: #ff8a80; } .every { stroke: #ffca66; } .budget { stroke: #5fd3c3; }
  }
</style>
<rect class="ground" width="${width}" height="${height}" rx="6"/>
${panels.join("\n")}
<text class="quiet" x="${width - right}" y="${height - 6}" text-anchor="end">seconds since the sync began; the dashed line is its end</text>
</svg>
`;
}

function panel(trace: Trace, y: number, longest: number): string {
  const span = width - left - right;
  const x = (ms: number) => (left + (ms / longest) * span).toFixed(1);
  const level = (ms: number) => {
    const share = Math.log(Math.max(lowest, ms) / lowest) / Math.log(highest / lowest);
    return (y + panelHeight * (1 - share)).toFixed(1);
  };
  const marks = [0.1, 1, 10, 100, 1000, 10_000].map(
    (ms) =>
      `<line x1="${left}" x2="${width - right}" y1="${level(ms)}" y2="${level(ms)}"/><text class="quiet" x="${left - 8}" y="${Number(level(ms)) + 4}" text-anchor="end">${ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`}</text>`,
  );
  const step = longest > 6000 ? 2000 : longest > 2500 ? 1000 : 500;
  const seconds = Array.from({ length: Math.floor(longest / step) + 1 }, (_, i) => i * step).map(
    (ms) => `<text class="quiet" x="${x(ms)}" y="${y + panelHeight + 16}" text-anchor="middle">${ms / 1000}</text>`,
  );
  const dots = trace.pings.filter(({ at }) => at <= longest).map(({ at, ms }) => `M${x(at)} ${level(ms)}h0`);
  return `<text x="${left}" y="${y - 8}" font-weight="600">${titles[trace.policy] ?? trace.policy}</text>
<text class="quiet" x="${width - right}" y="${y - 8}" text-anchor="end">${trace.facts}</text>
${marks.join("")}${seconds.join("")}
<line class="end" x1="${x(trace.endMs)}" x2="${x(trace.endMs)}" y1="${y}" y2="${y + panelHeight}"/>
<path class="${trace.policy}" d="${dots.join("")}"/>`;
}
