import type { RepositoryStatus, Status } from "../../protocol/status.ts";
import { formatCount } from "../format/count.ts";
import { stateWord, steps } from "./steps.ts";

/**
 * What a screen reader should say about the change from one status to the next, or null when nothing worth an
 * interruption changed: states and phases are said, counters are not.
 */
export function announcement(before: Status | null, after: Status): string | null {
  const sentences: string[] = [];
  for (const repository of after.repositories) {
    const previous = before?.repositories.find((candidate) => candidate.name === repository.name);
    const sentence = changed(previous, repository) ? sentenceOf(repository) : null;
    if (sentence !== null) sentences.push(sentence);
  }
  return sentences.length === 0 ? null : sentences.join(" ");
}

function changed(before: RepositoryStatus | undefined, after: RepositoryStatus): boolean {
  if (before === undefined || before.state !== after.state) return true;
  return after.state === "syncing" && before.phase !== after.phase;
}

function sentenceOf(repository: RepositoryStatus): string {
  const { name } = repository;
  switch (repository.state) {
    case "empty":
      return `${name}: nothing cloned yet.`;
    case "syncing":
      return `${name}: ${steps.find((step) => step.phase === repository.phase)?.doing ?? stateWord(repository)}.`;
    case "ready":
      return `${name}: ready, ${formatCount(repository.packages)} packages in ${formatCount(repository.versions)} versions.`;
    case "error":
      return `${name}: ${repository.lastSync?.error?.message ?? "the sync failed."}`;
  }
}
