import type { JSX } from "preact";
import { sliceMs } from "../model/experiment-words.ts";

/** What is seen, and why, in three sentences. */
export function ExperimentReasons(): JSX.Element {
  return (
    <section class="prose reasons" aria-labelledby="reasons">
      <h2 id="reasons">What this shows</h2>
      <ol class="numbered">
        <li>
          Awaiting a promise that is already resolved lets no event in: code that seems to take turns at every{" "}
          <code>await</code> keeps its thread to itself, and requests wait until the work ends or happens to run dry.
        </li>
        <li>
          Giving way after every object is fair, but each pause is a trip through the event loop, and a trip for every
          object makes the clone slower.
        </li>
        <li>
          Giving way once {sliceMs} ms have passed is both: requests wait for milliseconds, and the pauses are too few
          to slow the clone down.
        </li>
      </ol>
    </section>
  );
}
