import { systemClock } from "../src/platform/clock.ts";
import { type Broadcast, protocolVersion } from "../src/protocol/messages.ts";
import type { ScopeNames } from "../src/protocol/names.ts";
import type { Store } from "../src/store/store.ts";
import { leaderAnswers } from "../src/worker/leader-answers.ts";
import { ResidentSync } from "../src/worker/resident-sync.ts";
import type { EngineLink } from "./engine-link.ts";
import { type EngineScope, importEngineScript } from "./engine-script.ts";

/** Syncs without a page, wired to this service worker. */
export function residentSync(
  scope: ServiceWorkerGlobalScope,
  names: ScopeNames,
  store: Store,
  channel: BroadcastChannel,
  link: EngineLink,
  sliceMs: number,
): ResidentSync {
  const { clients, navigator, registration } = scope;
  return new ResidentSync({
    clock: systemClock,
    locks: navigator.locks,
    leaderLock: names.leaderLock,
    repositories: () => store.repositories(),
    tell: (repository, order, id) =>
      channel.postMessage({
        type: "update-wanted",
        protocol: protocolVersion,
        repository,
        order,
        id,
      } satisfies Broadcast),
    leaderAnswers: () => leaderAnswers(names.leaderChannel, systemClock),
    hasPages: async () => (await clients.matchAll({ type: "window", includeUncontrolled: true })).length > 0,
    start: async (repositories) => {
      askForAnotherLife(registration);
      return importEngineScript(scope as unknown as EngineScope).startEngine(registration.scope, repositories, sliceMs);
    },
    engineChanged: (engine) => link.local(engine),
  });
}

/** Background Sync (WICG), where there is one: a browser that stops this thread in the middle wakes it again for the rest. */
function askForAnotherLife(registration: ServiceWorkerRegistration): void {
  const { sync } = registration as { sync?: { register(tag: string): Promise<void> } };
  sync?.register("opam-web-mirror").catch(() => undefined);
}
