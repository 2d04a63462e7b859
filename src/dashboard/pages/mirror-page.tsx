import type { JSX } from "preact";
import { AvailabilityCard } from "../components/availability-card.tsx";
import { Callout } from "../components/callout.tsx";
import { RepositoryCard } from "../components/repository-card.tsx";
import { StartFailure } from "../components/start-failure.tsx";
import { Starting } from "../components/starting.tsx";
import { StorageMeter } from "../components/storage-meter.tsx";
import { UncontrolledNote } from "../components/uncontrolled-note.tsx";
import type { Dashboard } from "../model/dashboard.ts";

export function MirrorPage({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const failure = dashboard.failure.value;
  const status = dashboard.status.value;
  const refusal = dashboard.refusal.value;
  return (
    <>
      <h1 class="visually-hidden">opam mirror</h1>
      {failure !== null ? (
        <StartFailure error={failure} online={dashboard.online.value} />
      ) : status === null ? (
        <Starting opened={dashboard.mirror.value !== null} />
      ) : (
        <>
          {dashboard.mirror.value?.requestsControlled === false && <UncontrolledNote />}
          {refusal !== null && (
            <Callout kind="error" title="The update was not started" code={refusal.code}>
              <p>{refusal.message}</p>
            </Callout>
          )}
          {status.repositories.length === 0 && (
            <Callout kind="notice" title="No repository is configured">
              <p>
                Start the server with <code>--repository URL</code>, or give <code>openMirror</code> one.
              </p>
            </Callout>
          )}
          {status.repositories.map((repository) => (
            <RepositoryCard key={repository.name} dashboard={dashboard} repository={repository} />
          ))}
          <div class="panels">
            <AvailabilityCard
              availability={status.availability}
              running={status.repositories.some((repository) => repository.state === "syncing")}
            />
            <StorageMeter storage={status.storage} />
          </div>
        </>
      )}
    </>
  );
}
