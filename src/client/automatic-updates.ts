import type { Schedule } from "./schedule.ts";

/** Tells the schedule what happens to this tab and to the network, until the signal aborts. */
export function updateAutomatically(schedule: Schedule, leads: () => boolean, signal: AbortSignal): void {
  addEventListener("online", () => leads() && schedule.cameOnline(), { signal });
  const look = () => document.visibilityState === "visible" && schedule.becameVisible();
  document.addEventListener("visibilitychange", look, { signal });
  // Offline a sync would fail, and the failure would be shown; `online` makes up for it.
  void schedule.run(() => leads() && navigator.onLine, signal);
}
