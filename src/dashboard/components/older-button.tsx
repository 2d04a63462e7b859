import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import type { Dashboard } from "../model/dashboard.ts";

/** Consent to a remote that went back in time. */
export function OlderButton({
  dashboard,
  repository,
}: {
  readonly dashboard: Dashboard;
  readonly repository: RepositoryStatus;
}): JSX.Element {
  return (
    <p>
      <button
        type="button"
        class="button"
        disabled={!dashboard.canUpdate(repository)}
        onClick={() => void dashboard.update(repository.name, { acceptOlder: true })}
      >
        Take the older state
      </button>
    </p>
  );
}
