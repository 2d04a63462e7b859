import type { JSX } from "preact";
import type { Dashboard } from "../model/dashboard.ts";
import type { Experiment } from "../model/experiment.ts";
import { policies } from "../model/experiment-words.ts";

/** Which runs, and the button that starts and stops them. */
export function ExperimentControls({
  dashboard,
  experiment,
}: {
  readonly dashboard: Dashboard;
  readonly experiment: Experiment;
}): JSX.Element {
  const repository = dashboard.status.value?.repositories[0];
  const syncing = dashboard.status.value?.repositories.some(({ state }) => state === "syncing") ?? false;
  const { running } = experiment;
  const chosen = experiment.chosen.value;
  const ready = repository !== undefined && chosen.size > 0;
  return (
    <form
      class="experiment"
      onSubmit={(event) => {
        event.preventDefault();
        if (running) experiment.stop();
        else void experiment.run();
      }}
    >
      <fieldset disabled={running}>
        <legend>Runs</legend>
        {policies.map(({ policy, title }) => (
          <label key={policy} class="check" data-policy={policy}>
            <input
              type="checkbox"
              name={policy}
              checked={chosen.has(policy)}
              onChange={(event) => experiment.choose(policy, event.currentTarget.checked)}
            />{" "}
            {title}
          </label>
        ))}
      </fieldset>
      <button type="submit" class="button" disabled={!running && !ready}>
        {running ? "Stop" : "Run"}
      </button>
      <p class="remark">
        {repository === undefined ? (
          "Waiting for the mirror to start."
        ) : (
          <>
            Each run downloads <span class="machine breakable">{repository.remote}</span> into memory and forgets it;
            the mirror's own copy is not touched. Keep this page in view: browsers slow hidden pages down.
          </>
        )}
        {syncing && !running && " The mirror is syncing now; the figures are truer when it has finished."}
      </p>
    </form>
  );
}
