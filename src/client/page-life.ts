/**
 * Tells when this page is about to be frozen or put into the back-forward cache (HTML standard, "pagehide"; WICG Page Lifecycle, "freeze"),
 * and when it is back. `asleep` must do all that it does before it returns. Both may be called twice in a row.
 */
export function followPageLife(asleep: () => void, awake: () => void, signal: AbortSignal): void {
  addEventListener("pagehide", asleep, { signal });
  document.addEventListener("freeze", asleep, { signal });
  addEventListener("pageshow", ({ persisted }) => persisted && awake(), { signal });
  document.addEventListener("resume", awake, { signal });
}
