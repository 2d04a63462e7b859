import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Mirror } from "../../client/mirror-interface.ts";
import { ArchiveChoice } from "../components/archive-choice.tsx";
import { ArchiveDownloads } from "../components/archive-downloads.tsx";
import { ArchiveProblems } from "../components/archive-problems.tsx";
import { ArchiveRoom } from "../components/archive-room.tsx";
import { Callout } from "../components/callout.tsx";
import { ArchivesModel } from "../model/archives.ts";
import type { Dashboard } from "../model/dashboard.ts";
import "../styles/archives.css";

/** Source archives: which are kept, how far that has come, what room they take, and what is wrong with opam files that name them. */
export default function ArchivesPage({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const mirror = dashboard.mirror.value;
  return (
    <>
      <header class="page-head">
        <h1>Archives</h1>
        <p class="lead">
          The mirror fetches a source archive when somebody asks for it. What you keep here is fetched ahead, and can be
          installed without a network.
        </p>
      </header>
      {mirror === null ? (
        <p class="remark">Waiting for the mirror to start.</p>
      ) : (
        <Archives dashboard={dashboard} mirror={mirror} />
      )}
    </>
  );
}

function Archives({ dashboard, mirror }: { readonly dashboard: Dashboard; readonly mirror: Mirror }): JSX.Element {
  const model = useMemo(() => new ArchivesModel(mirror), [mirror]);
  useEffect(() => model.follow(), [model]);
  const repositories = dashboard.status.value?.repositories ?? [];
  const commits = repositories.map(({ name, commit, state }) => `${name} ${commit} ${state}`).join();
  useEffect(() => {
    for (const { name, commit } of repositories) void model.look(name, commit);
  }, [model, commits]);
  const keeping = model.keeping.value;
  const refusal = model.refusal.value;
  return (
    <>
      {refusal !== null && (
        <Callout kind="error" title="That was not taken" code={refusal.code}>
          <p>{refusal.message}</p>
        </Callout>
      )}
      {keeping === null ? (
        <p class="remark">Waiting for the tab that syncs.</p>
      ) : (
        <>
          <ArchiveDownloads model={model} keeping={keeping} />
          <div class="archive-panels">
            <ArchiveChoice model={model} keeping={keeping} repositories={repositories} />
            <ArchiveRoom model={model} keeping={keeping} now={dashboard.now.value} />
          </div>
        </>
      )}
      <ArchiveProblems answers={[...model.problems.value.values()]} />
    </>
  );
}
