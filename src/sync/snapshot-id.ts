/** The name of a snapshot: what it is of, and when it was made, in milliseconds since the Unix epoch. */
export function snapshotId(repository: string, commit: string, madeAt: number): string {
  return `${repository}/${commit}/${madeAt.toString(36)}`;
}

/** Seconds since the Unix epoch; null when the name does not tell. */
export function snapshotMadeAt(id: string): number | null {
  const [, , text] = id.split("/");
  const ms = text === undefined || text === "" ? Number.NaN : Number.parseInt(text, 36);
  return Number.isFinite(ms) ? ms / 1000 : null;
}
