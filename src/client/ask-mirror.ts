import { asMirrorError } from "../core/errors.ts";

/** The JSON at a path below a repository's mount. Throws what the mirror answers instead. */
export async function askMirror<A>(base: string, repository: string, path: string): Promise<A> {
  const response = await fetch(new URL(`opam/${repository}/${path}`, base), {
    headers: { accept: "application/json" },
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw asMirrorError(answer);
  return answer as A;
}
