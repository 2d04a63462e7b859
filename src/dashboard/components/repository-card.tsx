import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import { formatBytes, formatRate } from "../format/bytes.ts";
import { formatCount } from "../format/count.ts";
import { formatTimeLeft } from "../format/duration.ts";
import type { Dashboard } from "../model/dashboard.ts";
import { timeLeft } from "../model/rate.ts";
import { overallFraction, stateMeaning } from "../model/steps.ts";
import { Callout } from "./callout.tsx";
import { FactsList } from "./facts-list.tsx";
import { FigureRow } from "./figure-row.tsx";
import { OlderButton } from "./older-button.tsx";
import { OpamLines } from "./opam-lines.tsx";
import { ParseErrors } from "./parse-errors.tsx";
import { ProgressBar } from "./progress-bar.tsx";
import { RecentUpdates } from "./recent-updates.tsx";
import { repositoryFacts } from "./repository-facts.tsx";
import { StateBadge } from "./state-badge.tsx";
import { SyncSteps } from "./sync-steps.tsx";
import { UpdateButton } from "./update-button.tsx";

/** One repository: its name on the waterline, its reflection as complete as the clone is. */
export function RepositoryCard({
  dashboard,
  repository,
}: {
  readonly dashboard: Dashboard;
  readonly repository: RepositoryStatus;
}): JSX.Element {
  const { name, state, commit, lastSync } = repository;
  const id = `repository-${name}`;
  const syncing = state === "syncing";
  const reflected = commit !== null ? 1 : syncing ? overallFraction(repository) : 0;
  const error = lastSync?.error ?? null;
  const letters = { "--letters": Math.max(4, name.length) };
  const descends = /[gjpqyQ,;_]/.test(name) ? "yes" : "no";
  return (
    <article class="repository" aria-labelledby={id} data-state={state} data-repository={name}>
      <header class="reflection">
        <h2 class="repository-name" id={id} style={letters} data-descends={descends}>
          {name}
        </h2>
        <StateBadge repository={repository} />
        <ProgressBar repository={repository} labelledBy={id} />
        <div class="reflected" aria-hidden="true" style={letters} data-descends={descends}>
          <span style={{ clipPath: `inset(-20% ${((1 - reflected) * 100).toFixed(1)}% -20% 0)` }} data-name={name} />
        </div>
        <p class="meaning">{stateMeaning(repository)}</p>
        <UpdateButton dashboard={dashboard} repository={repository} />
      </header>

      {repository.notice !== undefined && (
        <Callout kind="notice" title="Please note">
          <p>
            {repository.notice
              .split(/(--[a-z-]+)/)
              .map((part, at) => (at % 2 === 0 ? part : <code class="flag">{part}</code>))}
          </p>
        </Callout>
      )}
      {error !== null && !syncing && (
        <Callout kind="error" title={commit === null ? "The clone failed" : "The last update failed"} code={error.code}>
          <p>{error.message}</p>
          {error.code === "remote-older" && <OlderButton dashboard={dashboard} repository={repository} />}
        </Callout>
      )}

      <div class="repository-body">
        <div>
          {syncing && <SyncProgressPanel dashboard={dashboard} repository={repository} />}
          {commit !== null && (
            <FigureRow
              figures={[
                { label: "packages", value: formatCount(repository.packages) },
                { label: "versions", value: formatCount(repository.versions) },
              ]}
            />
          )}
          <FactsList facts={repositoryFacts(repository, dashboard.now.value)} />
          <RecentUpdates updates={dashboard.updates.value.get(name)?.updates ?? []} now={dashboard.now.value} />
          <ParseErrors errors={repository.parseErrors} />
        </div>
        <OpamLines base={dashboard.base.value} name={name} />
      </div>
    </article>
  );
}

function SyncProgressPanel({
  dashboard,
  repository,
}: {
  readonly dashboard: Dashboard;
  readonly repository: RepositoryStatus;
}): JSX.Element {
  const { bytes, objects, totalObjects } = repository.progress;
  const rate = dashboard.rates.value.get(repository.name) ?? null;
  const left = timeLeft(repository.progress, rate);
  const moving = repository.phase === "receive" && rate !== null;
  return (
    <div class="sync-progress">
      <SyncSteps repository={repository} />
      <FigureRow
        small
        figures={[
          { label: "received", value: formatBytes(bytes) },
          {
            label: totalObjects > 0 ? `of ${formatCount(totalObjects)} objects` : "objects",
            value: formatCount(objects),
          },
          { label: "rate", value: moving ? formatRate(rate.bytesPerSecond) : "–" },
          { label: "left in this step", value: left === null ? "–" : formatTimeLeft(left) },
        ]}
      />
    </div>
  );
}
