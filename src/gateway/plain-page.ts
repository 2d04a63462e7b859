import type { RepositoryStatus } from "../protocol/status.ts";
import { opamLines } from "./opam-lines.ts";

export interface PlainPage {
  /** Address of everything that is served, as the reader reached it; ends in a slash. */
  readonly site: string;
  readonly version: string;
  readonly repositories: readonly RepositoryStatus[];
}

/** Nothing runs and nothing is fetched: the page is text and its own style. */
export const plainPagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const style = `
:root { color-scheme: light dark; font: 1rem/1.55 system-ui, sans-serif; }
body { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem; background: light-dark(#f2f5f5, #0b1515); color: light-dark(#0f2322, #e3eeec); }
h1 { font-size: 1.35rem; margin: 0 0 1.5rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt, small { color: light-dark(#48605e, #9bb3b0); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: .2rem 0 .8rem; padding: .6rem .8rem; overflow-x: auto; background: light-dark(#fff, #112020); border: 1px solid light-dark(#c9d5d3, #263b39); border-radius: 4px; user-select: all; }
a { color: light-dark(#0b6360, #6fd0c7); }`;

/** For browsers that get no service worker: what is served, and the lines that make opam use it. */
export function plainPage({ site, version, repositories }: PlainPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>opam mirror</title>
<style>${style}
</style>
</head>
<body>
<h1>opam mirror</h1>
${repositories.map((repository) => section(site, repository)).join("\n")}
<p><small>A mirror of your own, in this browser, needs https or an address of the browser's own machine: over plain http from elsewhere,
browsers offer no service worker. Start the server with <code>--tls-cert</code> and <code>--tls-key</code> to offer it here.</small></p>
<p><small>opam-web-mirror ${escaped(version)}</small></p>
</body>
</html>
`;
}

function section(site: string, repository: RepositoryStatus): string {
  const { name, remote, branch, state, commit, committedAt, packages, versions, lastSync, notice } = repository;
  const failure = lastSync?.error?.message;
  const facts: [string, string][] = [
    ["State", state === "empty" ? "waiting for the first sync" : state],
    ["Mirrors", `${remote}${branch === "" ? "" : `, ${branch}`}`],
    ...(commit === null
      ? []
      : [["Commit", `${commit}${committedAt === null ? "" : `, ${committedAt}`}`] as [string, string]]),
    ...(commit === null ? [] : [["Packages", `${packages} in ${versions} versions`] as [string, string]]),
    ...(failure === undefined ? [] : [["Problem", failure] as [string, string]]),
    ...(notice === undefined ? [] : [["Note", notice] as [string, string]]),
  ];
  const lines = [
    ...opamLines(site, name),
    { what: "As a Git repository", command: `git clone ${site}opam/${name}.git` },
  ];
  return `<h2>${escaped(name)}</h2>
<dl>${facts.map(([term, text]) => `<dt>${term}</dt><dd>${escaped(text)}</dd>`).join("")}</dl>
${lines.map(({ what, command }) => `<p>${what}</p><pre><code>${escaped(command)}</code></pre>`).join("\n")}`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
