import type { JSX } from "preact";
import { formatBytes } from "../format/bytes.ts";
import { formatDuration } from "../format/duration.ts";
import type { ProbeAnswer } from "../model/probe.ts";

const sources: Readonly<Record<string, string>> = {
  snapshot: "the published snapshot",
  sync: "the sync in progress",
  store: "the archive store",
  upstream: "upstream, fetched through",
};

/** A whole answer: how it went, the headers, and the beginning of the body as text. */
export function AnswerView({ answer }: { readonly answer: ProbeAnswer }): JSX.Element {
  const { status, preview } = answer;
  const family = status < 300 ? "good" : status < 400 ? "neutral" : "bad";
  return (
    <section class="answer" aria-labelledby="answer">
      <h2 id="answer" class="answer-status" data-family={family}>
        <span class="answer-code">{status}</span> {answer.statusText}
      </h2>
      <dl class="figures figures-small">
        <div>
          <dt>source</dt>
          <dd>{answer.source ?? "not the mirror"}</dd>
        </div>
        <div>
          <dt>to the headers</dt>
          <dd>{formatDuration(answer.headersMs)}</dd>
        </div>
        <div>
          <dt>to the last byte</dt>
          <dd>{formatDuration(answer.totalMs)}</dd>
        </div>
        <div>
          <dt>body</dt>
          <dd>{answer.method === "HEAD" ? "none (HEAD)" : formatBytes(answer.size)}</dd>
        </div>
      </dl>
      <p class="remark">
        {answer.source !== null && sources[answer.source] !== undefined && (
          <>Answered from {sources[answer.source]}. </>
        )}
        <span class="machine breakable">{answer.url}</span>
      </p>
      <table class="headers">
        <caption>Headers</caption>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {answer.headers.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {preview.kind !== "empty" && (
        <>
          <h3>{preview.kind === "text" ? "Body" : "Body, in hexadecimal"}</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard, and not every browser makes it so */}
          <pre class="body" data-kind={preview.kind} tabIndex={0}>
            {preview.text}
          </pre>
          {preview.shown < answer.size && (
            <p class="remark">
              The first {formatBytes(preview.shown)} of {formatBytes(answer.size)}.
            </p>
          )}
        </>
      )}
    </section>
  );
}
