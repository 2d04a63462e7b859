import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { formatDuration } from "../format/duration.ts";
import type { Trial } from "../model/experiment.ts";
import { type Area, type Axis, marks, place, type Tick } from "../model/latency-plot.ts";

const height = 168;
/** Room for the labels of the axes. */
const edge = { left: 52, right: 12, top: 18, bottom: 24 };

/** Requests of one run over time. Drawn in CSS pixels at the width there is, so that its text keeps its size. */
export function LatencyPlot({
  trial,
  time,
  latency,
}: {
  readonly trial: Trial;
  readonly time: Axis;
  readonly latency: Axis;
}): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useSignal(640);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => {
      width.value = Math.max(200, element.clientWidth);
    };
    measure();
    const watching = new ResizeObserver(measure);
    watching.observe(element);
    return () => watching.disconnect();
  }, []);

  const area: Area = {
    left: edge.left,
    right: width.value - edge.right,
    top: edge.top,
    bottom: height - edge.bottom,
  };
  const { stems, dots } = marks(trial.samples, time, latency, area);
  const slowest = trial.samples.reduce<Trial["samples"][number] | null>(
    (worst, sample) => (worst === null || sample.ms > worst.ms ? sample : worst),
    null,
  );
  const x = (at: number) => place({ at, ms: 1 }, time, latency, area).x;
  const y = (ms: number) => place({ at: 0, ms }, time, latency, area).y;
  return (
    <div class="plot" ref={frame}>
      <svg
        width={width.value}
        height={height}
        viewBox={`0 0 ${width.value} ${height}`}
        role="img"
        aria-label={described(trial)}
      >
        {latency.ticks.map((tick) => (
          <g key={tick.value} class="plot-level">
            <path d={`M${area.left} ${y(tick.value)}H${area.right}`} />
            <text x={area.left - 8} y={y(tick.value)} dy="0.32em">
              {tick.label}
            </text>
          </g>
        ))}
        {fitting(time.ticks, x, area).map((tick) => (
          <g key={tick.value} class="plot-moment">
            <path d={`M${x(tick.value)} ${area.bottom}v4`} />
            <text x={x(tick.value)} y={area.bottom + 18}>
              {tick.label}
            </text>
          </g>
        ))}
        <path class="plot-stems" d={stems} />
        <path class="plot-dots" d={dots} />
        {trial.end !== null && <path class="plot-end" d={`M${x(trial.end.durationMs)} ${area.bottom}V${area.top}`} />}
        {slowest !== null && <Longest x={x(slowest.at)} y={y(slowest.ms)} area={area} ms={slowest.ms} />}
      </svg>
    </div>
  );
}

/** The one figure that everybody looks for, written where it happened. */
function Longest({
  x,
  y,
  area,
  ms,
}: {
  readonly x: number;
  readonly y: number;
  readonly area: Area;
  readonly ms: number;
}): JSX.Element {
  const early = x < (area.left + area.right) / 2;
  return (
    <text
      class="plot-longest"
      x={x + (early ? 7 : -7)}
      y={Math.max(area.top - 2, y - 6)}
      data-early={early ? "yes" : "no"}
    >
      longest {formatDuration(ms)}
    </text>
  );
}

/** Labels that do not touch each other or the end of the line. */
function fitting(ticks: readonly Tick[], x: (at: number) => number, area: Area): readonly Tick[] {
  const step = ticks.length < 2 ? area.right : x(ticks[1]?.value ?? 0) - x(ticks[0]?.value ?? 0);
  const every = Math.max(1, Math.ceil(44 / step));
  return ticks.filter((_, index) => index % every === 0);
}

function described({ state, samples, end }: Trial): string {
  if (end !== null) {
    const { asked, p50Ms, maxMs } = end.summary;
    return `Plot of ${asked} requests over ${formatDuration(end.durationMs)}: half were answered within ${formatDuration(p50Ms)}, the slowest after ${formatDuration(maxMs)}.`;
  }
  return state === "waiting" ? "Empty plot" : `Plot of ${samples.length} requests so far`;
}
