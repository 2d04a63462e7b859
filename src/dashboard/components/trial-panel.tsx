import type { JSX } from "preact";
import { formatDuration } from "../format/duration.ts";
import type { Trial } from "../model/experiment.ts";
import { policies } from "../model/experiment-words.ts";
import type { Axis } from "../model/latency-plot.ts";
import { overallFraction, steps } from "../model/steps.ts";
import { LatencyPlot } from "./latency-plot.tsx";

/** One policy: what it does, how its run stands, and what its requests had to wait. */
export function TrialPanel({
  trial,
  time,
  latency,
}: {
  readonly trial: Trial;
  readonly time: Axis;
  readonly latency: Axis;
}): JSX.Element {
  const words = policies.find(({ policy }) => policy === trial.policy);
  const id = `trial-${trial.policy}`;
  return (
    <figure class="trial" data-policy={trial.policy} data-state={trial.state} aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{words?.title}</h3>
        <p class="trial-what">{words?.what}</p>
        <p class="trial-state">{stateOf(trial)}</p>
      </figcaption>
      {trial.state === "running" && (
        <div
          class="trial-progress"
          role="progressbar"
          aria-labelledby={id}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.floor(fraction(trial) * 100)}
        >
          <div style={{ transform: `scaleX(${fraction(trial)})` }} />
        </div>
      )}
      <LatencyPlot trial={trial} time={time} latency={latency} />
      {trial.hidden && (
        <p class="remark">The page was hidden during this run, so fewer questions were asked. Run it again in view.</p>
      )}
    </figure>
  );
}

function fraction({ repository }: Trial): number {
  return repository === null ? 0 : overallFraction(repository);
}

function stateOf({ state, repository, elapsedMs, end }: Trial): string {
  switch (state) {
    case "waiting":
      return "Not run yet";
    case "running": {
      const doing = steps.find(({ phase }) => phase === repository?.phase)?.doing ?? "Starting";
      return `${doing}, ${formatDuration(elapsedMs)}`;
    }
    case "done":
      return end === null ? "" : `Cloned in ${formatDuration(end.durationMs)}`;
    case "stopped":
      return `Stopped after ${formatDuration(elapsedMs)}`;
    case "failed":
      return "Failed";
  }
}
