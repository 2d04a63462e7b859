import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import { phaseFraction, type StepState, stepState, steps } from "../model/steps.ts";

const words: Readonly<Record<StepState, string>> = { done: "done", running: "running", waiting: "to come" };

/** The five phases as a list; shape and word tell which is done, running, to come. */
export function SyncSteps({ repository }: { readonly repository: RepositoryStatus }): JSX.Element {
  const fraction = phaseFraction(repository);
  return (
    <ol class="sync-steps" aria-label="Steps of the sync">
      {steps.map(({ phase, label }, index) => {
        const state = stepState(index, repository.phase);
        return (
          <li key={phase} data-state={state} aria-current={state === "running" ? "step" : undefined}>
            <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
              {state === "done" && <path d="m1.5 6.4 3 3 6-6.8" />}
              {state === "running" && <circle cx="6" cy="6" r="4.5" class="filled" />}
              {state === "waiting" && <circle cx="6" cy="6" r="4" />}
            </svg>
            {label}
            <span class="visually-hidden">: {words[state]}</span>
            {state === "running" && fraction !== null && <span class="share">{Math.floor(fraction * 100)} %</span>}
          </li>
        );
      })}
    </ol>
  );
}
