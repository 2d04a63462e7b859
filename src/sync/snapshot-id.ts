/**
 * The name of a snapshot: what it is of, and when that was fetched, in milliseconds since the Unix epoch. Compaction keeps both, and is
 * told apart by the pack.
 */
export function snapshotId(repository: string, commit: string, madeAt: number, packs: readonly string[]): string {
  return `${repository}/${commit}/${madeAt.toString(36)}/${packs.at(-1)?.slice(0, 8) ?? ""}`;
}

/** When it was fetched, in seconds since the Unix epoch; null when the name does not tell. */
export function snapshotMadeAt(id: string): number | null {
  const [, , text] = id.split("/");
  const ms = text === undefined || text === "" ? Number.NaN : Number.parseInt(text, 36);
  return Number.isFinite(ms) ? ms / 1000 : null;
}
