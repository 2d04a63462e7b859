import { isTree } from "./tree.ts";

const slash = 0x2f;
const dot = 0x2e;
const latin1 = new TextDecoder("latin1");

/** An opam repository serves `repo`, `version` and everything below `packages/` (opam manual, "Repositories"). */
export function isServedAtRoot(name: Uint8Array, mode: number): boolean {
  const text = name.length < 9 ? latin1.decode(name) : "";
  return isTree(mode) ? text === "packages" : text === "repo" || text === "version";
}

/** Why a name with other than plain ASCII characters is not served; null when it is. */
export function oddName(name: Uint8Array): string | null {
  for (const byte of name)
    if (byte < 32 || byte === 127 || byte === 92)
      return "Its name has control characters or a backslash and is not served.";
  return isUtf8(name) ? null : "Its name is not UTF-8 and is not served.";
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where the name of the folder starts when the file whose path is `path[start..n)` is the opam file of a package, else -1: that folder
 * is called `name.version` (opam manual, "Package Format").
 */
export function packageAt(path: Uint8Array, start: number, n: number): number {
  if (
    n - start < 6 ||
    path[n - 5] !== slash ||
    path[n - 4] !== 0x6f ||
    path[n - 3] !== 0x70 ||
    path[n - 2] !== 0x61 ||
    path[n - 1] !== 0x6d
  )
    return -1;
  let from = n - 5;
  let dotAt = -1;
  for (; from > start && path[from - 1] !== slash; from--) if (path[from - 1] === dot) dotAt = from - 1;
  return dotAt > from && dotAt < n - 6 ? from : -1;
}
