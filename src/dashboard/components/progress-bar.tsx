import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import { formatBytes } from "../format/bytes.ts";
import { formatCount } from "../format/count.ts";
import { overallFraction, steps } from "../model/steps.ts";

/** The waterline of a repository: a rule at rest, filled from the left while it syncs. */
export function ProgressBar({
  repository,
  labelledBy,
}: {
  readonly repository: RepositoryStatus;
  readonly labelledBy: string;
}): JSX.Element {
  if (repository.state !== "syncing") return <div class="waterline" data-state={repository.state} />;
  const { bytes, objects, totalObjects } = repository.progress;
  const fraction = overallFraction(repository);
  const doing = steps.find((step) => step.phase === repository.phase)?.doing ?? "Starting";
  const counted =
    totalObjects > 0 ? `, ${formatCount(objects)} of ${formatCount(totalObjects)} objects, ${formatBytes(bytes)}` : "";
  return (
    <div
      class="waterline"
      data-state="syncing"
      role="progressbar"
      aria-labelledby={labelledBy}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(fraction * 100)}
      aria-valuetext={`${doing}${counted}`}
    >
      <div class="waterline-fill" style={{ transform: `scaleX(${fraction})` }} />
      {steps.slice(0, -1).map((step) => (
        <span key={step.phase} class="waterline-tick" style={{ left: `${step.until * 100}%` }} />
      ))}
    </div>
  );
}
