import { stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { git } from "./git-command.ts";
import { OperatorError } from "./operator-error.ts";
import type { OriginOption, RepositoryOption } from "./options.ts";
import { isRemote } from "./repository-option.ts";

/** A repository as the gateway follows it, its options checked and completed. */
export interface Followed {
  readonly name: string;
  /** Shown to people. */
  readonly remote: string;
  readonly branch: string | null;
  /** Absolute path of the Git directory of a local repository; null for a remote. */
  readonly gitDirectory: string | null;
  /** Public URLs answered for, each ending in a slash. */
  readonly origins: readonly string[];
  /** Address of an HTTP repository with the same content, ending in a slash. */
  readonly upstream: string | null;
  readonly notice: string | null;
}

const opamOrigin = "https://opam.ocaml.org/";
const opamRepository = /^https:\/\/github\.com\/ocaml\/opam-repository(\.git)?\/*$/;

/** Throws an OperatorError for a name that is missing, doubled or unknown, and for a path that is not a Git repository. */
export async function followedRepositories(
  repositories: readonly RepositoryOption[],
  origins: readonly OriginOption[],
  notice: string | null = null,
): Promise<Followed[]> {
  const named = new Map<string, RepositoryOption>();
  for (const repository of repositories) {
    const name = repository.name ?? "default";
    const other = named.get(name);
    if (other !== undefined) {
      throw new OperatorError(
        "usage",
        `--repository ${repository.url}: the name "${name}" is already taken by ${other.url}. Give it a name of its own: --repository NAME=${repository.url}.`,
      );
    }
    named.set(name, repository);
  }
  const first = named.keys().next().value ?? "default";
  const givenOrigins = new Map<string, string[]>();
  for (const origin of origins) {
    const name = origin.name ?? first;
    if (!named.has(name)) {
      throw new OperatorError(
        "usage",
        `--origin ${origin.name}=${origin.url}: there is no repository "${name}". Known are: ${[...named.keys()].join(", ")}.`,
      );
    }
    givenOrigins.set(name, [...(givenOrigins.get(name) ?? []), origin.url]);
  }
  const followed: Followed[] = [];
  for (const [name, repository] of named) {
    const remote = isRemote(repository.url) ? repository.url : null;
    const given = givenOrigins.get(name);
    followed.push({
      name,
      remote: repository.url,
      branch: repository.branch,
      gitDirectory: remote === null ? await gitDirectoryOf(repository.url) : null,
      origins: given ?? (name === "default" ? [opamOrigin] : []),
      upstream: given?.[0] ?? (remote !== null && opamRepository.test(remote) ? opamOrigin : null),
      notice,
    });
  }
  return followed;
}

/** The Git directory of a bare repository or of a working tree. */
async function gitDirectoryOf(url: string): Promise<string> {
  const path = resolve(url.startsWith("file://") ? fileURLToPath(url) : url);
  const found = await stat(path).catch(() => null);
  if (found === null) {
    throw new OperatorError(
      "usage",
      `--repository ${url}: there is no such folder. Give the path of a Git repository, or an https:// Git URL.`,
    );
  }
  try {
    const directory = (await git(["-C", path, "rev-parse", "--git-dir"])).trimEnd();
    const absolute = isAbsolute(directory) ? directory : join(path, directory);
    // A plain folder inside some other working tree is not what the operator meant.
    if (absolute !== path && absolute !== join(path, ".git") && !(await stat(join(path, ".git")).catch(() => null)))
      throw new Error("not a Git repository");
    return absolute;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^fatal: /, "") : String(error);
    throw new OperatorError(
      "usage",
      `--repository ${url}: Git cannot use this folder (${reason}). Give the path of a Git repository, bare or with a .git folder.`,
      error,
    );
  }
}
