import { type LeaderMessage, protocolVersion } from "../../src/protocol/messages.ts";
import { scopeNames } from "../../src/protocol/names.ts";

let leading: Promise<void> | null = null;

/**
 * The page leads for as long as it lives, like a tab of the product: the service worker must not sync what the page's own worker is
 * about to. Resolves when it does; a page before it may still be going away. `scope`: URL of the mirror's scope.
 */
export function lead(scope: string): Promise<void> {
  leading ??= takeLead(scope);
  return leading;
}

function takeLead(scope: string): Promise<void> {
  const { leaderChannel, leaderLock } = scopeNames(scope);
  const channel = new BroadcastChannel(leaderChannel);
  channel.onmessage = ({ data }: MessageEvent<LeaderMessage>) => {
    if (data.type !== "beat-wanted") return;
    channel.postMessage({ type: "beat", protocol: protocolVersion } satisfies LeaderMessage);
  };
  return new Promise((resolve) => {
    void navigator.locks.request(leaderLock, () => {
      resolve();
      return new Promise(() => undefined);
    });
  });
}
