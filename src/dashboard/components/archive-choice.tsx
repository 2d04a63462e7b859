import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { KeepingStatus } from "../../protocol/keeping.ts";
import type { RepositoryStatus } from "../../protocol/status.ts";
import type { ArchivesModel } from "../model/archives.ts";

/** What is kept, and the form that adds to it. */
export function ArchiveChoice({
  model,
  keeping,
  repositories,
}: {
  readonly model: ArchivesModel;
  readonly keeping: KeepingStatus;
  readonly repositories: readonly RepositoryStatus[];
}): JSX.Element {
  const typed = useSignal("");
  const chosen = useSignal<string | null>(null);
  const names = repositories.map(({ name }) => name);
  const repository = chosen.value ?? names[0] ?? "default";
  const several = names.length > 1;
  const everything = keeping.kept.some((one) => one.repository === repository && one.what.includes("*"));
  const kept = keeping.kept.flatMap((one) => one.what.map((what) => ({ repository: one.repository, what })));
  const keep = async () => {
    const what = typed.value.split(/[\s,]+/).filter((text) => text !== "");
    if (what.length === 0) return;
    await model.order((archives) => archives.keep(what, repository));
    if (model.refusal.value === null) typed.value = "";
  };
  return (
    <section class="panel" aria-labelledby="kept">
      <h2 id="kept">What is kept</h2>
      <form
        class="keep-form"
        onSubmit={(event) => {
          event.preventDefault();
          void keep();
        }}
      >
        {several && (
          <label class="field">
            <span>Repository</span>
            <select
              value={repository}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
              }}
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <label class="field keep-what">
          <span>Packages</span>
          <input
            type="text"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            placeholder="dune lwt.5.7.0"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="button" disabled={model.asking.value || typed.value.trim() === ""}>
          Keep
        </button>
      </form>
      <p class="remark">All versions of a name, or one with its version. What they depend on is not included.</p>
      <ul class="kept-list">
        {kept.map(({ repository: of, what }) => (
          <li key={`${of} ${what}`}>
            <span class={what === "*" ? undefined : "machine breakable"}>{what === "*" ? "Everything" : what}</span>
            {several && <span class="aside">{of}</span>}
            <button
              type="button"
              class="button button-quiet button-small"
              disabled={model.asking.value}
              aria-label={`Release ${what === "*" ? "everything" : what}`}
              onClick={() => void model.order((archives) => archives.release([what], of))}
            >
              Release
            </button>
          </li>
        ))}
      </ul>
      {!everything && (
        <button
          type="button"
          class="button button-quiet"
          disabled={model.asking.value}
          onClick={() => void model.order((archives) => archives.keep(["*"], repository))}
        >
          Keep everything{several ? ` of ${repository}` : ""}
        </button>
      )}
    </section>
  );
}
