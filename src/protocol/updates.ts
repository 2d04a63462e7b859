/** The JSON of `<base>opam/<repository>/updates`: what the latest updates changed, newest first. */
export interface UpdatesAnswer {
  readonly repository: string;
  /** What is served; null before the first snapshot. */
  readonly commit: string | null;
  readonly updates: readonly UpdateChanges[];
}

/** What one update changed. A first clone is no update. */
export interface UpdateChanges {
  /** When it was published; ISO 8601 in UTC. */
  readonly publishedAt: string;
  readonly commit: string;
  /** Date of that commit. */
  readonly committedAt: string;
  /** The commit served until then. */
  readonly before: string;
  readonly added: VersionList;
  readonly changed: VersionList;
  readonly removed: VersionList;
}

export interface VersionList {
  readonly total: number;
  /** `name.version`, in the order of their folders; the first hundred. */
  readonly names: readonly string[];
}
