import type { JSX } from "preact";
import { Callout } from "./callout.tsx";

/** Said when requests of this page go to the network, e.g. after a hard reload. */
export function UncontrolledNote(): JSX.Element {
  return (
    <Callout kind="notice" title="No service worker answers this page">
      <p>
        Its requests go to the network instead, as after a hard reload. An ordinary reload brings the service worker
        back.{" "}
        <button type="button" class="button button-small" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    </Callout>
  );
}
