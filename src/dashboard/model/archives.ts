import { type Signal, signal } from "@preact/signals";
import type { Mirror, MirrorArchives } from "../../client/mirror-interface.ts";
import { type ErrorRecord, errorRecord } from "../../core/errors.ts";
import type { ArchiveProblem, ArchiveProblemKind } from "../../core/opam/archive-problem.ts";
import type { ArchiveProblemsAnswer } from "../../protocol/archive-problems.ts";
import type { KeepingStatus } from "../../protocol/keeping.ts";

/** What the page "Archives" shows, beyond what is in the status. */
export class ArchivesModel {
  readonly keeping: Signal<KeepingStatus | null>;
  /** By repository, of the commit that serves. */
  readonly problems: Signal<ReadonlyMap<string, ArchiveProblemsAnswer>> = signal(new Map());
  /** Why the last order was not taken. */
  readonly refusal: Signal<ErrorRecord | null> = signal(null);
  /** An order that has not been answered yet. */
  readonly asking: Signal<boolean> = signal(false);
  readonly #mirror: Mirror;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.keeping = signal(mirror.archives.status);
  }

  /** Listens until the returned function is called. */
  follow(): () => void {
    this.keeping.value = this.#mirror.archives.status;
    return this.#mirror.archives.subscribe((status) => {
      this.keeping.value = status;
    });
  }

  /** Gives an order. Never rejects: a refusal is shown. */
  async order(give: (archives: MirrorArchives) => Promise<unknown>): Promise<void> {
    this.refusal.value = null;
    this.asking.value = true;
    try {
      await give(this.#mirror.archives);
    } catch (thrown) {
      this.refusal.value = errorRecord(thrown);
    } finally {
      this.asking.value = false;
    }
  }

  /** Resolves when all are verified. Never rejects: a refusal is shown, and what was found is in the status. */
  async verify(): Promise<void> {
    this.refusal.value = null;
    try {
      await this.#mirror.archives.verify();
    } catch (thrown) {
      this.refusal.value = errorRecord(thrown);
    }
  }

  /** Asks for the problems of a repository at that commit, unless they are known. What fails is asked for again at the next call. */
  async look(repository: string, commit: string | null): Promise<void> {
    if (commit === null || this.problems.value.get(repository)?.commit === commit) return;
    const answer = await this.#mirror.problems(repository).catch(() => null);
    // Without the archive index nothing is known yet.
    if (answer === null || answer.archives === null) return;
    this.problems.value = new Map(this.problems.value).set(repository, answer);
  }
}

/** What a kind is called, and what it means for whoever wants the archive; the worst first. */
export const problemKinds: readonly {
  readonly kind: ArchiveProblemKind;
  readonly title: string;
  readonly meaning: string;
}[] = [
  { kind: "parse", title: "Cannot be read", meaning: "The opam file is served as it is; its archives are not known." },
  { kind: "no-checksum", title: "No checksum", meaning: "Never served: nobody could tell what it should be." },
  { kind: "malformed-checksum", title: "Malformed checksum", meaning: "That checksum is left out of account." },
  { kind: "conflict", title: "Conflict", meaning: "One address or checksum stands for different archives." },
  {
    kind: "extra-file",
    title: "Wrong extra file",
    meaning: "A file below files/ is missing, or is not what its opam file says: opam refuses the package.",
  },
  { kind: "weak-checksum", title: "Only md5", meaning: "Served, and marked weak." },
  {
    kind: "not-an-archive",
    title: "Not an archive",
    meaning: "A version control address or a local path: nothing to mirror.",
  },
];

/** Problems by kind, in that order; kinds without any are left out. */
export function groupedProblems(
  problems: readonly ArchiveProblem[],
): readonly { readonly kind: (typeof problemKinds)[number]; readonly members: readonly ArchiveProblem[] }[] {
  return problemKinds
    .map((kind) => ({ kind, members: problems.filter((problem) => problem.kind === kind.kind) }))
    .filter(({ members }) => members.length > 0);
}

/** What is being done, as a word and a sentence. */
export function keepingWords({ state, wanted, stored, waiting, failures }: KeepingStatus): readonly [string, string] {
  const failed = failures.reduce((count, group) => count + group.count, 0);
  switch (state) {
    case "planning":
      return ["Looking", "Opam files are read, to find what belongs to it."];
    case "downloading":
      return ["Downloading", "It goes on for as long as a tab of this mirror is open."];
    case "paused":
      return ["Paused", waiting === 0 ? "Nothing is waiting." : "It goes on when you resume it, also after a reload."];
    case "full":
      return ["Full", "What is kept takes all the room there is. Raise the limit, or keep less."];
    case "idle":
      if (wanted === 0) return ["Nothing is kept", "Archives are fetched when somebody asks for them."];
      if (failed > 0) return ["Done, but for some", "Those that failed are tried again now and then."];
      return ["Complete", stored === wanted ? "All of it is here, also without a network." : ""];
  }
}
