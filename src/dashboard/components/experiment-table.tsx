import type { JSX } from "preact";
import { formatCount } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";
import type { Trial } from "../model/experiment.ts";
import { policies } from "../model/experiment-words.ts";

type Complete = NonNullable<Trial["end"]>;

const rows: readonly { readonly label: string; readonly value: (end: Complete) => string }[] = [
  {
    label: "Answered",
    value: ({ summary }) => `${formatCount(summary.answered)} of ${formatCount(summary.asked)}`,
  },
  { label: "Half within", value: ({ summary }) => formatDuration(summary.p50Ms) },
  { label: "99 of 100 within", value: ({ summary }) => formatDuration(summary.p99Ms) },
  { label: "Longest wait", value: ({ summary }) => formatDuration(summary.maxMs) },
  { label: "Worker’s longest gap", value: ({ longestGapMs }) => formatDuration(longestGapMs) },
  { label: "Pauses", value: ({ pauses }) => formatCount(pauses) },
  { label: "Whole clone", value: ({ durationMs }) => formatDuration(durationMs) },
];

/** The same figures as the plots, for everybody who would rather read them. */
export function ExperimentTable({ trials }: { readonly trials: readonly Trial[] }): JSX.Element | null {
  if (trials.every(({ end }) => end === null)) return null;
  const objects = trials.find(({ end }) => end !== null)?.end?.objects ?? 0;
  return (
    <>
      <table class="measured">
        <caption>In figures{objects > 0 ? `: a clone of ${formatCount(objects)} objects` : ""}</caption>
        <thead>
          <tr>
            <td />
            {trials.map(({ policy }) => (
              <th key={policy} scope="col" data-policy={policy}>
                {policies.find((words) => words.policy === policy)?.short}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, value }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {trials.map(({ policy, end }) => (
                <td key={policy}>{end === null ? "–" : value(end)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="remark">
        The gap is how long the worker looked at nothing else. Reading a file takes several turns, so a request can wait
        for more than one gap.
      </p>
    </>
  );
}
