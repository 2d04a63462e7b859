import type { JSX } from "preact";
import { repositoryAddress } from "../model/address.ts";
import type { Dashboard } from "../model/dashboard.ts";
import { fetchHash } from "../model/route.ts";

const routes = [
  { path: "index.tar.gz", what: "All package descriptions in one archive. What opam downloads on init and update." },
  { path: "repo", what: "The repository's own description, with this mirror's archive cache put first." },
  { path: "packages/…", what: "Any file below packages, as it is in the commit." },
  { path: "cache/sha256/…", what: "Source archives by checksum, verified before they are served." },
  { path: "status", what: "State, progress, availability and storage, as JSON." },
];

export function AboutPage({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const name = dashboard.status.value?.repositories[0]?.name ?? "default";
  const address = repositoryAddress(dashboard.base.value, name);
  return (
    <div class="prose">
      <header class="page-head">
        <h1>A mirror that lives in a browser</h1>
        <p class="lead">
          opam, the package manager of OCaml, reads its packages from a Git repository that is published over HTTP. This
          page holds a complete copy of such a repository, and answers for it.
        </p>
      </header>

      <h2>How it works</h2>
      <p>
        A worker clones the repository with Git, checks every object against its hash, and publishes the result as one
        immutable snapshot. A service worker then answers each request from the latest snapshot: with a network or
        without, and just as quickly while the next sync is running.
      </p>
      <p>
        Syncing takes a turn of a few milliseconds, then lets whatever is waiting go first. The longest wait is measured
        in every sync and shown on the <a href="#/">first page</a>: a mirror should not be away while it is catching up.
        What happens without that can be <a href="#/availability">tried out here</a>.
      </p>

      <h2>What it answers</h2>
      <p>
        Below <code class="breakable">{address}/</code>
      </p>
      <dl class="routes">
        {routes.map(({ path, what }) => (
          <div key={path}>
            <dt>{path.includes("…") ? <code>{path}</code> : <a href={fetchHash(path)}>{path}</a>}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>

      <h2>How opam uses it</h2>
      <ol class="numbered">
        <li>
          <code>opam update</code> downloads <code>index.tar.gz</code> and reads every package description from it.
        </li>
        <li>The solver chooses versions; no request is needed for that.</li>
        <li>
          For each source archive opam asks the mirror's cache by checksum first, and the address in the package
          description after it.
        </li>
        <li>It verifies all listed checksums itself, whoever delivered the bytes.</li>
      </ol>
      <p>
        Programs outside this browser cannot reach a service worker. opam clones the same repository from the server
        that <code>npm start</code> runs, at the address that the first page gives.
      </p>

      <h2>What stays here</h2>
      <p>
        Everything is stored in this browser, for this address only. Clearing the site's data removes it; the mirror
        notices, and clones again. The page loads nothing from other hosts.
      </p>
    </div>
  );
}
