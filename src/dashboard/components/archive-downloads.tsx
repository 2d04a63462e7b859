import type { JSX } from "preact";
import type { KeepingStatus, KeptDownload } from "../../protocol/keeping.ts";
import { formatBytes } from "../format/bytes.ts";
import { formatCount, formatNoun } from "../format/count.ts";
import { type ArchivesModel, keepingWords } from "../model/archives.ts";
import { FigureRow } from "./figure-row.tsx";

/** How far what is kept has come, what arrives just now, and what could not be had. */
export function ArchiveDownloads({
  model,
  keeping,
}: {
  readonly model: ArchivesModel;
  readonly keeping: KeepingStatus;
}): JSX.Element {
  const { state, wanted, stored, active, waiting, failures, fetched, storedBytes } = keeping;
  const [word, sentence] = keepingWords(keeping);
  const paused = state === "paused";
  const failed = failures.reduce((count, group) => count + group.count, 0);
  const fraction = wanted === 0 ? 0 : stored / wanted;
  const bar = wanted === 0 ? "empty" : stored === wanted ? "ready" : "syncing";
  return (
    <section class="keeping" aria-labelledby="keeping" data-state={state}>
      <header>
        <h2 id="keeping">{word}</h2>
        <p class="meaning">{sentence}</p>
        {(wanted > 0 || paused) && (
          <button
            type="button"
            class="button"
            disabled={model.asking.value}
            onClick={() => void model.order((archives) => (paused ? archives.resume() : archives.pause()))}
          >
            {paused ? "Resume" : "Pause"}
          </button>
        )}
      </header>
      <div
        class="waterline"
        data-state={bar}
        {...(bar === "syncing" && {
          role: "progressbar",
          "aria-labelledby": "keeping",
          "aria-valuemin": 0,
          "aria-valuemax": wanted,
          "aria-valuenow": stored,
          "aria-valuetext": `${formatCount(stored)} of ${formatNoun(wanted, "archive")}`,
        })}
      >
        {bar === "syncing" && <div class="waterline-fill" style={{ transform: `scaleX(${fraction})` }} />}
      </div>
      <FigureRow
        figures={
          wanted === 0
            ? [
                { label: "archives stored", value: formatCount(keeping.archives) },
                { label: "on disk", value: formatBytes(storedBytes) },
              ]
            : [
                { label: `of ${formatCount(wanted)} kept`, value: formatCount(stored) },
                { label: "waiting", value: formatCount(waiting) },
                { label: "fetched since the start", value: formatBytes(fetched.bytes) },
              ]
        }
      />
      {active.length > 0 && (
        <ul class="arriving" aria-label="Arriving now">
          {active.map((download) => (
            <Arriving key={download.checksum} download={download} />
          ))}
        </ul>
      )}
      {failed > 0 && (
        <div class="failed">
          <h3>{formatNoun(failed, "archive")} could not be had</h3>
          {failures.map(({ reason, count, archives }) => (
            <details key={reason}>
              <summary>
                {formatCount(count)} × {reason}
              </summary>
              <ul>
                {archives.map(({ checksum, label }) => (
                  <li key={checksum}>
                    {label} <code class="machine breakable aside">{checksum.slice(0, 24)}…</code>
                  </li>
                ))}
                {count > archives.length && <li class="aside">and {formatCount(count - archives.length)} more</li>}
              </ul>
            </details>
          ))}
          <button
            type="button"
            class="button button-quiet button-small"
            disabled={model.asking.value}
            onClick={() => void model.order((archives) => archives.retry())}
          >
            Try again
          </button>
        </div>
      )}
    </section>
  );
}

function Arriving({ download }: { readonly download: KeptDownload }): JSX.Element {
  const { label, bytes, totalBytes } = download;
  const share = totalBytes === null ? 0 : Math.min(1, bytes / totalBytes);
  return (
    <li>
      <span class="machine breakable">{label}</span>
      <span class="arriving-bytes">
        {totalBytes === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`}
      </span>
      <progress class="visually-hidden" max={1} value={share} aria-label={label} />
      <div class="arriving-bar" aria-hidden="true">
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
    </li>
  );
}
