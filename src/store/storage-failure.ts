import { MirrorError } from "../core/errors.ts";
import { schemaVersion } from "./records.ts";

/**
 * The one translation of what storage APIs throw into the closed set of errors.
 * `needed` is the size of the refused write in bytes, where it is known.
 */
export function storageFailure(operation: string, thrown: unknown, needed = 0): MirrorError {
  if (thrown instanceof MirrorError) return thrown;
  switch (errorName(thrown)) {
    case "QuotaExceededError":
      return new MirrorError("store-quota", { needed }, thrown);
    case "VersionError":
      return new MirrorError("store-newer", { found: schemaVersion + 1, known: schemaVersion }, thrown);
    default:
      return new MirrorError("store-failed", { operation, reason: failureText(thrown) }, thrown);
  }
}

/** Bytes that a record promised and that can no longer be read: the data is lost, whatever the platform calls it. */
export function bytesLost(what: string, thrown: unknown): MirrorError {
  if (thrown instanceof MirrorError) return thrown;
  return new MirrorError("store-lost", { reason: `${what}: ${failureText(thrown)}` }, thrown);
}

/** `name` of a DOMException or Error, also of one from another realm; empty for anything else. */
export function errorName(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return "";
  const name = (thrown as { name?: unknown }).name;
  return typeof name === "string" ? name : "";
}

function failureText(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  const message = (thrown as { message?: unknown }).message;
  return `${errorName(thrown) || "Error"}${typeof message === "string" && message !== "" ? `: ${message}` : ""}`;
}
