import { withDeadline } from "../core/cooperation/deadline.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { channelPorts } from "../platform/message-channel.ts";
import type { MirrorConfig, RepositoryConfig } from "../protocol/config.ts";
import { type Configured, protocolVersion } from "../protocol/messages.ts";
import { askUntil } from "./ask-until.ts";
import type { Registration } from "./registration.ts";

const protocol = protocolVersion;
const configureMs = 10_000;

/** Has the service worker write the configuration into the store, and returns what is mirrored; null asks for what was before. */
export async function configure(
  registration: Registration,
  repositories: readonly RepositoryConfig[] | null,
): Promise<readonly RepositoryConfig[]> {
  let hear: (answer: Configured) => void = () => {};
  const heard = new Promise<Configured>((resolve) => {
    hear = resolve;
  });
  const ask = () => {
    const [here, there] = channelPorts();
    here.onmessage = ({ data }: MessageEvent<Configured>) => {
      here.close();
      hear(data);
    };
    registration.post({ type: "configure", protocol, repositories }, [there]);
  };
  const what = "The configuration of the service worker";
  const late = () => new MirrorError("deadline", { what, ms: configureMs });
  // The deadline outside: it ends the questions with the answer that it gives.
  const answered = withDeadline(systemClock, heard, configureMs, late);
  const answer = await askUntil(systemClock, answered, ask);
  if (answer.type === "failed") throw asMirrorError(answer.error);
  return answer.repositories;
}

/** Null when the gateway cannot be reached: offline, or a static host. */
export async function gatewayRepositories(base: string): Promise<readonly RepositoryConfig[] | null> {
  // Twice: a service worker that is killed takes the requests with it that it would have left alone.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const response = await fetch(new URL("gateway/config.json", base), { cache: "no-store" });
      return response.ok ? ((await response.json()) as MirrorConfig).repositories : null;
    } catch {
      // Offline, perhaps.
    }
  }
  return null;
}
