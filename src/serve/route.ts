import { asMirrorError, MirrorError } from "../core/errors.ts";
import { decodePath } from "../core/http/request-path.ts";
import { type ChecksumAlgorithm, checkChecksum } from "../core/opam/checksum.ts";

/** What a request asks for. `path` is decoded and relative to the repository. */
export type Route =
  | {
      readonly kind: "repo" | "version" | "tarball" | "status" | "updates" | "problems" | "archives" | "update";
      readonly repository: string;
    }
  | { readonly kind: "package"; readonly repository: string; readonly path: string }
  | {
      readonly kind: "archive";
      readonly repository: string;
      readonly algorithm: ChecksumAlgorithm;
      readonly hex: string;
    }
  /** An archive by its address, which is the query's `url`. */
  | { readonly kind: "address"; readonly repository: string }
  /** An address that an opam file seems to name. */
  | { readonly kind: "source"; readonly url: string }
  /** Below a repository, but nothing that a mirror has. */
  | { readonly kind: "unknown"; readonly repository: string; readonly path: string }
  | { readonly kind: "refused"; readonly error: MirrorError }
  /** May be a repository's public URL or one that an opam file names, but that is not loaded yet: only the handler can tell. */
  | { readonly kind: "undecided" };

const repositoryName = /^[a-z0-9][a-z0-9._-]*$/;

/** `rest` is what follows `<base>opam/`, still encoded; null when it names no repository. Never throws. */
export function parseRoute(rest: string): Route | null {
  const slash = rest.indexOf("/");
  if (slash <= 0) return null;
  try {
    const repository = decodePath(rest.slice(0, slash)).join("/");
    if (!repositoryName.test(repository)) throw new MirrorError("unknown-repository", { name: repository });
    return parseRepositoryPath(repository, rest.slice(slash + 1));
  } catch (thrown) {
    return { kind: "refused", error: asMirrorError(thrown) };
  }
}

/** `encoded` is the path below a repository. Never throws. */
export function parseRepositoryPath(repository: string, encoded: string): Route {
  if (encoded === "") return { kind: "unknown", repository, path: "" };
  try {
    const segments = decodePath(encoded);
    const path = segments.join("/");
    switch (segments[0] ?? "") {
      case "repo":
      case "version":
      case "status":
      case "updates":
      case "problems":
      case "archives":
      case "update":
        return segments.length === 1 ? { kind: path as "repo", repository } : { kind: "unknown", repository, path };
      case "archive":
        return { kind: segments.length === 1 ? "address" : "unknown", repository, path };
      case "index.tar.gz":
        return { kind: segments.length === 1 ? "tarball" : "unknown", repository, path };
      case "packages":
        return { kind: "package", repository, path };
      case "cache": {
        const [, algorithm = "", prefix, hex = ""] = segments;
        const known = checkChecksum(algorithm, hex);
        if (segments.length !== 4 || prefix !== hex.slice(0, 2)) {
          throw new MirrorError("checksum-malformed", { text: path });
        }
        return { kind: "archive", repository, algorithm: known, hex };
      }
      default:
        return { kind: "unknown", repository, path };
    }
  } catch (thrown) {
    return { kind: "refused", error: asMirrorError(thrown) };
  }
}
