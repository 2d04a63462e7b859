import { type LeaderMessage, protocolVersion } from "../../../src/protocol/messages.ts";
import { scopeNames } from "../../../src/protocol/names.ts";

// The page leads, like a tab of the product: the service worker must not sync what the test's own worker is about to.

const { leaderChannel, leaderLock } = scopeNames(new URL("../", location.href).href);

const channel = new BroadcastChannel(leaderChannel);
channel.onmessage = ({ data }: MessageEvent<LeaderMessage>) => {
  if (data.type === "beat-wanted") {
    channel.postMessage({ type: "beat", protocol: protocolVersion } satisfies LeaderMessage);
  }
};

/** Whether the page leads; a page before it may still be going away. */
const leads = new Promise<true>((resolve) => {
  void navigator.locks.request(leaderLock, () => {
    resolve(true);
    return new Promise(() => undefined);
  });
});

Object.assign(globalThis, { leads });
