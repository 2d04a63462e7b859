import { systemClock } from "../platform/clock.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import { configure } from "./configuration.ts";
import type { Registration } from "./registration.ts";

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

/**
 * Registers the service worker again that the browser has forgotten (W3C Clear Site Data, section 4.2.4, or a person who cleared what the
 * site stored), and tells it what is mirrored. Meanwhile requests go to the server, which may know nothing of the mirror. Tried until it
 * succeeds or `signal` aborts: the script comes over the network. Never rejects.
 */
export async function restoreControl(
  registration: Registration,
  repositories: readonly RepositoryConfig[],
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      await registration.restore();
      await configure(registration, repositories);
      return;
    } catch {
      await systemClock.sleep(waitMs, signal).catch(() => undefined);
    }
  }
}
