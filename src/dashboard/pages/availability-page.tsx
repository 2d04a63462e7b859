import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { systemClock } from "../../platform/clock.ts";
import { Callout } from "../components/callout.tsx";
import { ExperimentControls } from "../components/experiment-controls.tsx";
import { ExperimentReasons } from "../components/experiment-reasons.tsx";
import { ExperimentTable } from "../components/experiment-table.tsx";
import { TrialPanel } from "../components/trial-panel.tsx";
import type { Dashboard } from "../model/dashboard.ts";
import { Experiment } from "../model/experiment.ts";
import { cloneInWorker } from "../model/experiment-clone.ts";
import { mirroredRepository } from "../model/experiment-source.ts";
import { finding, tooSmallToTell } from "../model/experiment-words.ts";
import { latencyAxis, roomFor, timeAxis } from "../model/latency-plot.ts";
import "../styles/availability.css";

/** Results outlive a visit to another page, and nothing else. */
const experiments: WeakMap<Dashboard, Experiment> = new WeakMap();

function experimentOf(dashboard: Dashboard): Experiment {
  let experiment = experiments.get(dashboard);
  if (experiment === undefined) {
    const base = dashboard.base.value;
    const name = () => dashboard.status.value?.repositories[0]?.name ?? "default";
    const clone = cloneInWorker(base, systemClock, () => mirroredRepository(base, name(), systemClock));
    experiment = new Experiment(systemClock, clone, () => document.visibilityState === "hidden");
    experiments.set(dashboard, experiment);
  }
  return experiment;
}

/** The experiment behind this mirror, on the visitor's own machine: one clone, three ways of giving way. */
export default function AvailabilityPage({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const experiment = useMemo(() => experimentOf(dashboard), [dashboard]);
  useEffect(() => () => experiment.stop(), [experiment]);
  const trials = experiment.trials.value;
  const shown = trials.filter(({ policy, state }) => state !== "waiting" || experiment.chosen.value.has(policy));
  const failure = experiment.failure.value;
  const { measured } = experiment;
  const found = finding(measured);
  const slowest = trials.flatMap(({ samples }) => samples.map(({ ms }) => ms)).reduce((a, b) => Math.max(a, b), 0);
  const elapsed = Math.max(...trials.map(({ elapsedMs }) => elapsedMs));
  const time = timeAxis(experiment.running || measured.length === 0 ? roomFor(elapsed) : elapsed, 5);
  const latency = latencyAxis(Math.max(slowest, measured.length === 0 ? 800 : 0));
  return (
    <>
      <header class="page-head">
        <h1>Availability</h1>
        <p class="lead">
          How long does a request wait while a clone is at work? Clone the same repository three times on this machine,
          and ask it for a file every 10 ms. The runs differ only in when they let the next request in.
        </p>
      </header>
      <ExperimentControls dashboard={dashboard} experiment={experiment} />
      {failure !== null && (
        <Callout kind="error" title="The experiment could not run" code={failure.code}>
          <p>{failure.message}</p>
        </Callout>
      )}
      <section class="trials" aria-labelledby="trials">
        <h2 id="trials" class="visually-hidden">
          Waiting times, run by run
        </h2>
        {shown.map((trial) => (
          <TrialPanel key={trial.policy} trial={trial} time={time} latency={latency} />
        ))}
        <p class="axis-title">Each point is one request: when it was made, and how long its answer took.</p>
      </section>
      {found !== null && <p class="finding">{found}</p>}
      {tooSmallToTell(measured) && (
        <Callout kind="notice" title="Too small to tell">
          <p>
            This repository is cloned before anybody could wait for it. Start the server with the whole opam-repository
            to see the difference.
          </p>
        </Callout>
      )}
      <ExperimentTable trials={shown} />
      <ExperimentReasons />
      <p class="visually-hidden" role="status" aria-live="polite">
        {experiment.said}
      </p>
    </>
  );
}
