import type { JSX } from "preact";
import type { RepositoryStatus } from "../../protocol/status.ts";
import { formatNoun } from "../format/count.ts";
import { fetchHash } from "../model/route.ts";

/** Files of the repository that are not valid opam files. They are served as they are. */
export function ParseErrors({ errors }: { readonly errors: RepositoryStatus["parseErrors"] }): JSX.Element | null {
  if (errors.length === 0) return null;
  return (
    <details class="parse-errors">
      <summary>{formatNoun(errors.length, "file")} could not be parsed; served unchanged</summary>
      <ul>
        {errors.map(({ path, message }) => (
          <li key={path}>
            <a href={fetchHash(path)}>{path}</a>
            <span>{message}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
