import type { JSX } from "preact";
import type { UpdateChanges, VersionList } from "../../protocol/updates.ts";
import { formatCount, formatNoun } from "../format/count.ts";
import { Moment } from "./moment.tsx";

/** Updates shown at once; earlier ones are behind a summary. */
const shown = 3;

const kinds = [
  { kind: "added", sign: "+" },
  { kind: "changed", sign: "~" },
  { kind: "removed", sign: "−" },
] as const;

/** What the latest updates changed, newest first. Nothing before the first update. */
export function RecentUpdates({
  updates,
  now,
}: {
  readonly updates: readonly UpdateChanges[];
  readonly now: number;
}): JSX.Element | null {
  if (updates.length === 0) return null;
  const earlier = updates.slice(shown);
  return (
    <section class="updates" aria-label="Last updates">
      <h3>Last updates</h3>
      <UpdateList updates={updates.slice(0, shown)} now={now} />
      {earlier.length > 0 && (
        <details>
          <summary>{formatCount(earlier.length)} earlier</summary>
          <UpdateList updates={earlier} now={now} />
        </details>
      )}
    </section>
  );
}

function UpdateList({
  updates,
  now,
}: {
  readonly updates: readonly UpdateChanges[];
  readonly now: number;
}): JSX.Element {
  return (
    <ol>
      {updates.map((update) => (
        <li key={update.publishedAt}>
          <Update update={update} now={now} />
        </li>
      ))}
    </ol>
  );
}

function Update({ update, now }: { readonly update: UpdateChanges; readonly now: number }): JSX.Element {
  const spoken = kinds.map(({ kind }) => `${formatCount(update[kind].total)} ${kind}`).join(", ");
  const head = (
    <>
      <Moment iso={update.publishedAt} now={now} />{" "}
      <code class="machine" title={`${update.before} → ${update.commit}`}>
        {update.commit.slice(0, 10)}
      </code>{" "}
      <span class="changes" role="img" aria-label={spoken}>
        {kinds.map(({ kind, sign }) => (
          <span key={kind} data-kind={kind} data-none={update[kind].total === 0 ? "" : undefined}>
            {sign}
            {formatCount(update[kind].total)}
          </span>
        ))}
      </span>
    </>
  );
  if (kinds.every(({ kind }) => update[kind].total === 0)) return <p>{head}</p>;
  return (
    <details>
      <summary>{head}</summary>
      <dl>
        {kinds.map(({ kind }) => (
          <Versions key={kind} kind={kind} versions={update[kind]} />
        ))}
      </dl>
    </details>
  );
}

function Versions({ kind, versions }: { readonly kind: string; readonly versions: VersionList }): JSX.Element | null {
  const { total, names } = versions;
  if (total === 0) return null;
  const more = total - names.length;
  return (
    <div>
      <dt>{kind}</dt>
      <dd class="machine breakable">
        {names.join(", ")}
        {more > 0 && <span class="aside"> and {formatNoun(more, "more version")}</span>}
      </dd>
    </div>
  );
}
