/** The address that opam is given for a repository: `<base>opam/<name>`, without a slash at the end, as opam writes it. */
export function repositoryAddress(base: string, repository: string): string {
  return new URL(`opam/${encodeURIComponent(repository)}`, base).href;
}

/**
 * The URL of a path in a repository. The path is taken as typed, escapes included; leading slashes do not lead out of the
 * repository, and `#` is part of the path because a request carries no fragment.
 */
export function requestAddress(base: string, repository: string, path: string): string {
  const inside = path.trim().replace(/^\/+/, "").replaceAll("#", "%23");
  return new URL(`${repositoryAddress(base, repository)}/${inside}`).href;
}

/** What opam is told to clone: the Git relay of the gateway that serves this page. */
export function gitAddress(base: string, repository: string): string {
  return `git+${new URL(`git/${encodeURIComponent(repository)}`, base).href}`;
}
