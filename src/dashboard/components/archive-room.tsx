import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { KeepingStatus } from "../../protocol/keeping.ts";
import { formatBytes } from "../format/bytes.ts";
import { formatCount, formatNoun } from "../format/count.ts";
import type { ArchivesModel } from "../model/archives.ts";
import { Moment } from "./moment.tsx";

const gigabyte = 1_000_000_000;

interface Shown {
  readonly model: ArchivesModel;
  readonly keeping: KeepingStatus;
  readonly now: number;
}

/** The room that archives take, its limit, and whether what is stored is still what it was. */
export function ArchiveRoom({ model, keeping, now }: Shown): JSX.Element {
  const { storedBytes, pinnedBytes, limitBytes, archives } = keeping;
  const typed = useSignal<string | null>(null);
  const shown = typed.value ?? (limitBytes === null ? "" : String(limitBytes / gigabyte));
  const wanted = Number(shown.replace(",", "."));
  const valid = shown === "" || (Number.isFinite(wanted) && wanted > 0);
  const whole = Math.max(limitBytes ?? storedBytes, storedBytes, 1);
  return (
    <section class="panel" aria-labelledby="room">
      <h2 id="room">Room</h2>
      <p class="storage-figure">
        <span class="storage-used">{formatBytes(storedBytes)}</span>{" "}
        {limitBytes === null ? `in ${formatNoun(archives, "archive")}` : `of at most ${formatBytes(limitBytes)}`}
      </p>
      <div class="meter room-meter" aria-hidden="true">
        <div style={{ width: `${(pinnedBytes / whole) * 100}%` }} />
        <div data-kind="loose" style={{ width: `${((storedBytes - pinnedBytes) / whole) * 100}%` }} />
      </div>
      <p class="remark">
        {formatBytes(pinnedBytes)} of it are kept. The rest came on demand, and goes first when room is needed, what was
        not used for longest before all else.
      </p>
      <form
        class="keep-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!valid) return;
          const bytes = shown === "" ? null : Math.round(wanted * gigabyte);
          void model.order((of) => of.limit(bytes)).then(() => (typed.value = null));
        }}
      >
        <label class="field keep-what">
          <span>At most, in GB (empty: no limit)</span>
          <input
            type="text"
            inputMode="decimal"
            autocomplete="off"
            value={shown}
            aria-invalid={!valid}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="button" disabled={model.asking.value || !valid || typed.value === null}>
          Set
        </button>
      </form>
      <Verification model={model} keeping={keeping} now={now} />
    </section>
  );
}

function Verification({ model, keeping, now }: Shown): JSX.Element {
  const { verify, archives } = keeping;
  const running = verify?.running === true;
  return (
    <div class="verification">
      <button
        type="button"
        class="button button-quiet"
        disabled={running || archives === 0}
        onClick={() => void model.verify()}
      >
        {running ? "Verifying…" : "Verify all"}
      </button>
      <p class="remark" role="status">
        {verify === null ? (
          "Reads every archive and compares it with its checksums. This also happens whenever one is served."
        ) : running ? (
          `${formatCount(verify.checked)} of ${formatCount(verify.total)} compared.`
        ) : (
          <>
            {verify.bad.length === 0
              ? `${formatNoun(verify.checked, "archive")} compared, and nothing has changed: `
              : `${formatNoun(verify.bad.length, "archive")} of ${formatCount(verify.checked)} had changed, and are stored no longer: `}
            {verify.finishedAt !== null && <Moment iso={verify.finishedAt} now={now} />}.
          </>
        )}
      </p>
    </div>
  );
}
