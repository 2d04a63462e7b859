import { asMirrorError, MirrorError } from "../core/errors.ts";
import { outbound } from "./outbound.ts";

/** Null when a Git remote answers, otherwise the error that says why it does not. */
export async function unreachable(remote: string, ms: number): Promise<MirrorError | null> {
  try {
    const url = new URL(`${remote.replace(/\/+$/, "")}/info/refs?service=git-upload-pack`);
    const answer = await outbound(url, {
      headers: { "git-protocol": "version=2" },
      headMs: ms,
      idleMs: ms,
      redirects: 3,
    });
    answer.body.destroy();
    return answer.status === 200 ? null : new MirrorError("remote-status", { remote, status: answer.status });
  } catch (thrown) {
    return asMirrorError(thrown);
  }
}
