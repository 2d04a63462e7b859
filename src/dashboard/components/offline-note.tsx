import type { JSX } from "preact";
import type { Dashboard } from "../model/dashboard.ts";

/** Says that the network is gone, and that this is not an accident for the mirror. The live region stays, its text comes and goes. */
export function OfflineNote({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const serving = dashboard.status.value?.repositories.some((repository) => repository.commit !== null) ?? false;
  return (
    <div role="status" aria-live="polite">
      {!dashboard.online.value && (
        <p class="strip strip-offline">
          <strong>Offline.</strong>{" "}
          {serving
            ? "Files answer from this browser as before; updates wait for the network."
            : "The first clone needs the network; it can start when it is back."}
        </p>
      )}
    </div>
  );
}
