import { MirrorError } from "../core/errors.ts";

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What Node's file system throws, in the closed set of errors. `needed` is the size of the refused write in bytes. */
export function fileFailure(operation: string, thrown: unknown, needed = 0): MirrorError {
  if (thrown instanceof MirrorError) return thrown;
  if (full.has(errorCode(thrown))) return new MirrorError("store-quota", { needed }, thrown);
  return new MirrorError("store-failed", { operation, reason: reasonOf(thrown) }, thrown);
}

/** `work`, with what the file system throws in it translated. */
export async function accessing<T>(operation: string, work: () => Promise<T>, needed = 0): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw fileFailure(operation, thrown, needed);
  }
}

/** Bytes that the folder promised and no longer has. */
export function fileLost(what: string, thrown: unknown): MirrorError {
  if (thrown instanceof MirrorError) return thrown;
  return new MirrorError("store-lost", { reason: `${what}: ${reasonOf(thrown)}` }, thrown);
}

/** `ENOENT` and its like; empty for anything else. */
export function errorCode(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Node's messages end with the path, which `status` must not show to everybody. */
function reasonOf(thrown: unknown): string {
  const code = errorCode(thrown);
  return code === "" ? (thrown instanceof Error ? thrown.message : String(thrown)) : code;
}
