import type { RepositoryStatus, SyncPhase } from "../../protocol/status.ts";

export interface Step {
  readonly phase: SyncPhase;
  /** Imperative and progressive form: `Receive`, `Receiving objects`. */
  readonly label: string;
  readonly doing: string;
  /** Where the step ends on the whole way, as a fraction. Receiving takes the time, the others are short. */
  readonly until: number;
}

export const steps: readonly Step[] = [
  { phase: "discover", label: "Discover", doing: "Asking the remote", until: 0.04 },
  { phase: "receive", label: "Receive", doing: "Receiving objects", until: 0.66 },
  { phase: "resolve", label: "Resolve", doing: "Resolving deltas", until: 0.86 },
  { phase: "publish", label: "Publish", doing: "Publishing the snapshot", until: 0.93 },
  { phase: "index", label: "Index", doing: "Building index.tar.gz", until: 1 },
];

export type StepState = "done" | "running" | "waiting";

/** How the step of index `index` stands while `phase` runs. */
export function stepState(index: number, phase: SyncPhase | null): StepState {
  const running = steps.findIndex((step) => step.phase === phase);
  if (index < running) return "done";
  return index === running ? "running" : "waiting";
}

/** The running phase's own share, 0 to 1, or null when it has no measure. */
export function phaseFraction(repository: RepositoryStatus): number | null {
  const { objects, totalObjects } = repository.progress;
  if (totalObjects <= 0 || (repository.phase !== "receive" && repository.phase !== "resolve")) return null;
  return Math.min(1, Math.max(0, objects / totalObjects));
}

/** How far the sync is on its whole way, 0 to 1. Grows with the phase, whatever the counters say. */
export function overallFraction(repository: RepositoryStatus): number {
  const index = steps.findIndex((step) => step.phase === repository.phase);
  if (index < 0) return 0;
  const from = steps[index - 1]?.until ?? 0;
  const until = steps[index]?.until ?? 1;
  return from + (until - from) * (phaseFraction(repository) ?? 0);
}

/** The sentence for a state, for badge, title and announcement. */
export function stateWord(repository: RepositoryStatus): string {
  switch (repository.state) {
    case "empty":
      return "Empty";
    case "syncing":
      return repository.commit === null ? "Cloning" : "Updating";
    case "ready":
      return "Ready";
    case "error":
      return repository.commit === null ? "Failed" : "Update failed";
  }
}

/** What the state means for someone who wants files now. */
export function stateMeaning(repository: RepositoryStatus): string {
  const serving = repository.commit !== null;
  switch (repository.state) {
    case "empty":
      return "Nothing has been cloned yet.";
    case "syncing": {
      const doing = steps.find((step) => step.phase === repository.phase)?.doing ?? "Starting";
      return serving ? `${doing}; the previous snapshot keeps answering.` : `${doing}; files answer as they arrive.`;
    }
    case "ready":
      return "Answering from this browser, with or without a network.";
    case "error":
      return serving ? "The previous snapshot keeps answering." : "There is no snapshot to answer from yet.";
  }
}
