import type { JSX } from "preact";
import type { ArchiveProblem } from "../../core/opam/archive-problem.ts";
import type { ArchiveProblemsAnswer } from "../../protocol/archive-problems.ts";
import { formatCount, formatNoun } from "../format/count.ts";
import { groupedProblems } from "../model/archives.ts";
import { fetchHash } from "../model/route.ts";

/** Problems that are shown of a group; the whole list is in the file. */
const shown = 50;

/** What opam files say that keeps an archive from being mirrored, or makes it less trustworthy. */
export function ArchiveProblems({ answers }: { readonly answers: readonly ArchiveProblemsAnswer[] }): JSX.Element {
  return (
    <section class="problems" aria-labelledby="problems">
      <h2 id="problems">Problems in opam files</h2>
      {answers.length === 0 && <p class="remark">Not known before the first sync has ended.</p>}
      {answers.map((answer) => (
        <Answer key={answer.repository} answer={answer} named={answers.length > 1} />
      ))}
    </section>
  );
}

function Answer({ answer, named }: { readonly answer: ArchiveProblemsAnswer; readonly named: boolean }): JSX.Element {
  const { repository, archives, problems } = answer;
  return (
    <div class="problem-report">
      {named && <h3>{repository}</h3>}
      <p>
        {problems.length === 0
          ? `None among ${formatNoun(archives ?? 0, "archive")}.`
          : `${formatNoun(problems.length, "problem")} beside ${formatNoun(archives ?? 0, "archive")} that can be mirrored.`}{" "}
        {problems.length > 0 && (
          <button type="button" class="button button-quiet button-small" onClick={() => save(answer)}>
            Save as JSON
          </button>
        )}
      </p>
      {groupedProblems(problems).map(({ kind, members }) => (
        <details key={kind.kind}>
          <summary>
            <span class="problem-count">{formatCount(members.length)}</span> {kind.title}{" "}
            <span class="remark">{kind.meaning}</span>
          </summary>
          <ul>
            {members.slice(0, shown).map((problem) => (
              <Problem key={`${problem.path} ${problem.message}`} problem={problem} />
            ))}
            {members.length > shown && (
              <li class="aside">and {formatCount(members.length - shown)} more in the file</li>
            )}
          </ul>
        </details>
      ))}
    </div>
  );
}

function Problem({ problem }: { readonly problem: ArchiveProblem }): JSX.Element {
  return (
    <li>
      <a class="breakable" href={fetchHash(problem.path)}>
        {problem.path}
      </a>
      <span>{problem.message}</span>
    </li>
  );
}

/** From what was answered: a download that the browser makes by itself does not always ask the service worker. */
function save(answer: ArchiveProblemsAnswer): void {
  const bytes = new Blob([`${JSON.stringify(answer, null, 2)}\n`], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(bytes);
  link.download = `problems-${answer.repository}-${(answer.commit ?? "").slice(0, 10)}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
