import type { RepositoryStatus } from "../../protocol/status.ts";
import { formatBytes } from "../format/bytes.ts";
import { formatCount, formatNoun } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import { CopyButton } from "./copy-button.tsx";
import type { Fact } from "./facts-list.tsx";
import { Moment } from "./moment.tsx";

/** What is known of a repository, in the order a reader asks: where from, what, when, how much. */
export function repositoryFacts(repository: RepositoryStatus, now: number): readonly Fact[] {
  const { remote, branch, commit, committedAt, lastSync, archives, redirect } = repository;
  const facts: Fact[] = [
    { term: "Remote", value: <span class="machine breakable">{remote}</span> },
    { term: "Branch", value: <span class="machine">{branch === "" ? "–" : branch}</span> },
    {
      term: "Commit",
      value:
        commit === null ? (
          "none yet"
        ) : (
          <>
            <code class="machine" title={commit}>
              {commit.slice(0, 10)}
            </code>{" "}
            <CopyButton text={commit} what="the full commit" />
          </>
        ),
    },
  ];
  if (committedAt !== null) facts.push({ term: "Committed", value: <Moment iso={committedAt} now={now} /> });
  if (lastSync !== null) {
    facts.push({
      term: "Last sync",
      value: (
        <>
          <Moment iso={lastSync.startedAt} now={now} />
          <br />
          {lastSync.error === null ? `${formatNoun(lastSync.changedFiles, "file")} changed` : "failed"},{" "}
          {lastSync.error === null ? "in" : "after"} {formatDuration(lastSync.durationMs)}
        </>
      ),
    });
  }
  if (lastSync?.compaction !== undefined)
    facts.push({
      term: "Compaction",
      value: `failed, and is tried again after the next sync. ${lastSync.compaction.message}`,
    });
  if (archives.known > 0 || archives.stored > 0) {
    facts.push({
      term: "Archives",
      value: `${formatCount(archives.stored)} stored (${formatBytes(archives.storedBytes)}) of ${formatCount(archives.known)} known`,
    });
  }
  if (archives.active.length > 0)
    facts.push({ term: "Arriving", value: formatNoun(archives.active.length, "archive") });
  if (archives.failed.length > 0)
    facts.push({ term: "Unavailable", value: formatNoun(archives.failed.length, "archive") });
  if (redirect !== undefined)
    facts.push({ term: "Redirect", value: <span class="machine breakable">{redirect}</span> });
  return facts;
}
