import type { SyncEngine } from "../sync/engine.ts";

export const hourMs = 3_600_000;

/**
 * Syncs all repositories now and then again and again, one after the other: two syncs at once would take twice the memory and
 * keep each other from the processor. Stops when the returned function is called.
 */
export function syncRegularly(engine: SyncEngine, names: readonly string[], everyMs: number): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async () => {
    for (const name of names) {
      if (stopped) return;
      await engine.update(name);
      await engine.settled(name);
    }
    if (stopped) return;
    // Not all gateways that were started by one power cut ask at the same moment.
    timer = setTimeout(() => void round(), everyMs * (0.95 + Math.random() / 10));
    timer.unref();
  };
  void round();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
