import type { ArchiveProblem } from "../core/opam/archive-problem.ts";

/** The JSON of `<base>opam/<repository>/problems`: what opam files say of archives that cannot be mirrored, or are trusted less. */
export interface ArchiveProblemsAnswer {
  readonly repository: string;
  /** What is served; null before the first snapshot. */
  readonly commit: string | null;
  /** Distinct archives that opam files name with a checksum; null while they are not known yet. */
  readonly archives: number | null;
  /** By path, at most a thousand. */
  readonly problems: readonly ArchiveProblem[];
}
