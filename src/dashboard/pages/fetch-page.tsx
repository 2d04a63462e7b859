import type { JSX } from "preact";
import { FetchBox } from "../components/fetch-box.tsx";
import { UncontrolledNote } from "../components/uncontrolled-note.tsx";
import type { Dashboard } from "../model/dashboard.ts";
import type { ProbeHost } from "../model/probe.ts";

export function FetchPage(props: {
  readonly dashboard: Dashboard;
  readonly host: ProbeHost;
  readonly path: string;
}): JSX.Element {
  return (
    <>
      <header class="page-head">
        <h1>Fetch a path</h1>
        <p class="lead">Ask the mirror for a file as opam would, and see who answered, how fast, and with what.</p>
      </header>
      {props.dashboard.mirror.value?.requestsControlled === false && <UncontrolledNote />}
      <FetchBox dashboard={props.dashboard} host={props.host} path={props.path} />
    </>
  );
}
