import { MirrorError } from "../core/errors.ts";

/** Whether the same may well succeed a moment later: the connection broke, or the remote was busy. */
export function isPassing(thrown: unknown): boolean {
  if (!(thrown instanceof MirrorError)) return false;
  const { code, data } = thrown as MirrorError;
  if (code === "remote-unreachable" || code === "pack-truncated") return true;
  return code === "remote-status" && "status" in data && (data.status >= 500 || data.status === 429);
}
