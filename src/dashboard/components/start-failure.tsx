import type { JSX } from "preact";
import type { ErrorRecord } from "../../core/errors.ts";
import { advice } from "../model/advice.ts";

/** Why there is no mirror in this page, and what to do. */
export function StartFailure({
  error,
  online,
}: {
  readonly error: ErrorRecord;
  readonly online: boolean;
}): JSX.Element {
  const { why, whatToDo } = advice(error, {
    secureContext: isSecureContext,
    serviceWorker: "serviceWorker" in navigator,
    indexedDb: "indexedDB" in globalThis,
    online,
    host: location.host,
  });
  return (
    <section class="start-failure" role="alert" aria-labelledby="start-failure">
      <h2 id="start-failure">The mirror could not start here</h2>
      <p class="lead">{why}</p>
      <h3>What to do</h3>
      <ul>
        {whatToDo.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
      <p class="remark">
        <code class="code-tag">{error.code}</code> {error.message === why ? "" : error.message}
      </p>
    </section>
  );
}
