import type { JSX } from "preact";
import type { AvailabilityStatus } from "../../protocol/status.ts";
import { formatNoun } from "../format/count.ts";
import { formatDuration } from "../format/duration.ts";

/** The scale is logarithmic, from one millisecond to ten seconds: a frame and a freeze must both be readable on it. */
const decades = 4;
const marks = [1, 10, 100, 1_000, 10_000];

function place(ms: number): string {
  const share = Math.log10(Math.min(10 ** decades, Math.max(1, ms))) / decades;
  return `${(share * 100).toFixed(2)}%`;
}

/** How long anyone had to wait while the mirror was at work. */
export function AvailabilityCard({
  availability,
  running,
}: {
  readonly availability: AvailabilityStatus;
  readonly running: boolean;
}): JSX.Element {
  const { longestGapMs, p50Ms, p99Ms, requests } = availability;
  const measured = longestGapMs > 0 || requests > 0;
  return (
    <section class="panel availability" aria-labelledby="availability">
      <h2 id="availability">Availability{!measured ? "" : running ? " in this sync" : " in the last sync"}</h2>
      {!measured ? (
        <p class="remark">Nothing was measured yet. Every sync measures how long it keeps a request waiting.</p>
      ) : (
        <>
          <div class="scale" aria-hidden="true">
            {marks.map((ms) => (
              <span key={ms} class="scale-mark" style={{ left: place(ms) }}>
                {formatDuration(ms)}
              </span>
            ))}
            <span
              class="scale-span"
              style={{ left: place(p50Ms), right: `calc(100% - ${place(p99Ms)})` }}
              hidden={requests === 0}
            />
            <span class="scale-point" data-kind="p50" style={{ left: place(p50Ms) }} hidden={requests === 0} />
            <span class="scale-point" data-kind="p99" style={{ left: place(p99Ms) }} hidden={requests === 0} />
            <span class="scale-point" data-kind="gap" style={{ left: place(longestGapMs) }} />
          </div>
          <dl class="legend">
            <div data-kind="gap">
              <dt>Longest gap</dt>
              <dd>{formatDuration(longestGapMs)}</dd>
            </div>
            <div data-kind="p50">
              <dt>Half of the requests within</dt>
              <dd>{requests === 0 ? "–" : formatDuration(p50Ms)}</dd>
            </div>
            <div data-kind="p99">
              <dt>99 of 100 within</dt>
              <dd>{requests === 0 ? "–" : formatDuration(p99Ms)}</dd>
            </div>
          </dl>
          <p class="remark">
            {requests === 0
              ? "No request came in meanwhile."
              : `${formatNoun(requests, "request")} answered meanwhile.`}{" "}
            The longest gap is how long the sync kept its own thread from looking at anything else.{" "}
            <a href="#/availability">Compare other ways of giving way.</a>
          </p>
        </>
      )}
    </section>
  );
}
