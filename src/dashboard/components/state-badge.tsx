import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import { stateWord } from "../model/steps.ts";

/** The state three times: in a word, a colour and a shape. */
export function StateBadge({ repository }: { readonly repository: RepositoryStatus }): JSX.Element {
  const { state } = repository;
  return (
    <span class="state-badge" data-state={state}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
        {state === "empty" && <circle cx="10" cy="10" r="7.5" class="stroke" stroke-dasharray="3 2.4" />}
        {state === "syncing" && (
          <>
            <circle cx="10" cy="10" r="7.5" class="stroke faint" />
            <path d="M10 2.5a7.5 7.5 0 0 1 7.5 7.5" class="stroke turning" />
          </>
        )}
        {state === "ready" && (
          <>
            <circle cx="10" cy="10" r="8.5" class="fill" />
            <path d="m6 10.4 2.7 2.7L14 7.4" class="cut" />
          </>
        )}
        {state === "error" && (
          <>
            <path d="M10 1.8 19 17.6H1Z" class="fill" />
            <path d="M10 7.4v4.4M10 14.3v.9" class="cut" />
          </>
        )}
      </svg>
      {stateWord(repository)}
    </span>
  );
}
