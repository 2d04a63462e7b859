import type { Clock } from "../core/cooperation/clock.ts";
import { type LeaderMessage, protocolVersion } from "../protocol/messages.ts";

/** As a tab that watches the leader does it (src/client/election.ts). */
const everyMs = 400;
const patience = 3;

/** Asks whoever leads for a sign of life; false when three questions stay unanswered. */
export async function leaderAnswers(channelName: string, clock: Clock): Promise<boolean> {
  const channel = new BroadcastChannel(channelName);
  const heard = new AbortController();
  channel.onmessage = ({ data }: MessageEvent<LeaderMessage>) => {
    if (data.type === "beat") heard.abort();
  };
  try {
    for (let asked = 0; asked < patience && !heard.signal.aborted; asked++) {
      channel.postMessage({ type: "beat-wanted", protocol: protocolVersion } satisfies LeaderMessage);
      await clock.sleep(everyMs, heard.signal).catch(() => undefined);
    }
    return heard.signal.aborted;
  } finally {
    channel.close();
  }
}
