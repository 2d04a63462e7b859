import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import type { Dashboard } from "../model/dashboard.ts";

export function UpdateButton({
  dashboard,
  repository,
}: {
  readonly dashboard: Dashboard;
  readonly repository: RepositoryStatus;
}): JSX.Element {
  const { name, state, commit } = repository;
  const possible = dashboard.canUpdate(repository);
  const word = possible
    ? commit === null
      ? state === "error"
        ? "Try again"
        : "Clone"
      : "Update"
    : state === "syncing"
      ? "Syncing…"
      : "Asking…";
  return (
    <button
      type="button"
      class="button"
      disabled={!possible}
      aria-keyshortcuts="u"
      aria-label={possible ? `${word} ${name}` : undefined}
      onClick={() => void dashboard.update(name)}
    >
      {word}
    </button>
  );
}
