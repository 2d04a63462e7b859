import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { errorRecord } from "../../core/errors.ts";
import type { Dashboard } from "../model/dashboard.ts";

/** Offers a new version of the app, and waits to be asked: a reload in mid-work is the reader's decision. */
export function UpdateBanner({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  const takeOver = async () => {
    busy.value = true;
    try {
      await dashboard.mirror.value?.takeOver();
      location.reload();
    } catch (thrown) {
      problem.value = errorRecord(thrown).message;
      busy.value = false;
    }
  };
  return (
    <div role="status" aria-live="polite">
      {dashboard.updateWaiting.value && (
        <div class="strip strip-update">
          <p>
            <strong>A new version is ready.</strong>{" "}
            {problem.value ?? "It takes over when you reload; running syncs go on afterwards."}
          </p>
          <button type="button" class="button" disabled={busy.value} onClick={() => void takeOver()}>
            {busy.value ? "Reloading…" : "Reload"}
          </button>
          <button
            type="button"
            class="button button-quiet"
            onClick={() => {
              dashboard.updateWaiting.value = false;
            }}
          >
            Later
          </button>
        </div>
      )}
    </div>
  );
}
