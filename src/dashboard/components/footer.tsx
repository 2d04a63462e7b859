import type { JSX } from "preact";
import type { Dashboard } from "../model/dashboard.ts";
import type { Preference } from "../model/preference.ts";

export function Footer(props: {
  readonly dashboard: Dashboard;
  readonly shortcuts: Preference<"on" | "off">;
}): JSX.Element {
  const version = props.dashboard.status.value?.version;
  return (
    <footer class="footer">
      <p>opam-web-mirror{version === undefined ? "" : ` ${version}`}</p>
      <p class="shortcuts">
        <label>
          <input
            type="checkbox"
            checked={props.shortcuts.value.value === "on"}
            onChange={(event) => props.shortcuts.set(event.currentTarget.checked ? "on" : "off")}
          />{" "}
          Keyboard shortcuts
        </label>
        <span>
          <kbd>u</kbd> update
        </span>
        <span>
          <kbd>/</kbd> fetch a path
        </span>
      </p>
    </footer>
  );
}
