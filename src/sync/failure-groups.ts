import type { MirrorError } from "../core/errors.ts";
import type { KeepingFailures } from "../protocol/keeping.ts";

/** Archives that are listed of each group. */
const listed = 20;
const groups = 20;

interface Failed {
  readonly item: { readonly key: string; readonly label: string };
  readonly error: MirrorError;
}

/** Failures by what they have in common, the most frequent first. */
export function failureGroups(failed: readonly Failed[]): readonly KeepingFailures[] {
  const byReason = new Map<string, Failed[]>();
  for (const one of failed) {
    const reason = reasonOf(one.error);
    byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
  }
  return [...byReason]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, groups)
    .map(([reason, members]) => ({
      reason,
      count: members.length,
      archives: members.slice(0, listed).map(({ item }) => ({ checksum: item.key, label: item.label })),
    }));
}

/** Without what differs from archive to archive. */
function reasonOf(error: MirrorError): string {
  const { code, data } = error.toJSON();
  if (code === "archive-mismatch") return "What a source sent does not match the checksums.";
  if (code !== "archive-unavailable") return error.message;
  const { tried = [] } = data as { tried?: readonly string[] };
  const last = tried.at(-1);
  if (last === undefined) return "No source has it.";
  const status = /HTTP status \d+/.exec(last)?.[0];
  if (status !== undefined) return `The last source answered with ${status}.`;
  // `host/path: why`, or `URL (why)`.
  const why = /^\S+ \((.*)\)$/.exec(last)?.[1] ?? last.replace(/^\S+: /, "");
  return `The last source failed: ${why}.`;
}
