import { type Network, networkOf } from "./address.ts";
import { OperatorError } from "./operator-error.ts";
import type { OriginOption, RepositoryOption } from "./options.ts";

const namePattern = /^[a-z0-9][a-z0-9._-]*$/;
// A drive-less path or a URL never has `=` before its first `/` or `:`, so a leading `word=` can only be a name.
const namedPattern = /^([^/:=#]*)=(.*)$/s;

/** Reads `[NAME=]URL[#BRANCH]`. Throws an OperatorError when a part is malformed. */
export function parseRepository(text: string): RepositoryOption {
  const { name, rest } = splitName("--repository", text);
  const hash = rest.lastIndexOf("#");
  const url = hash === -1 ? rest : rest.slice(0, hash);
  const branch = hash === -1 ? null : rest.slice(hash + 1);
  if (url === "")
    throw usage(
      "--repository",
      text,
      "it names no repository",
      "Give an https:// Git URL or the path of a local Git repository",
    );
  if (branch !== null && !isRefName(branch)) {
    throw usage(
      "--repository",
      text,
      `"${branch}" is not a branch or tag name`,
      "Write the branch after the #, e.g. #master",
    );
  }
  if (isRemote(url)) requireRemoteUrl("--repository", text, url);
  else if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && !url.startsWith("file://")) {
    throw usage(
      "--repository",
      text,
      "only https://, http:// and file:// are understood",
      "Use the repository's https:// address",
    );
  }
  return { name, url, branch };
}

/** Reads `[NAME=]URL`; the URL gets the final slash that origins end in. Throws an OperatorError when a part is malformed. */
export function parseOrigin(text: string): OriginOption {
  const { name, rest } = splitName("--origin", text);
  if (!isRemote(rest))
    throw usage("--origin", text, "it is not an http(s) URL", "Write it like https://opam.ocaml.org/");
  const url = requireRemoteUrl("--origin", text, rest);
  if (url.search !== "" || url.hash !== "") {
    throw usage("--origin", text, "an origin has no query and no fragment", "Leave out what follows the ? or #");
  }
  return { name, url: url.href.endsWith("/") ? url.href : `${url.href}/` };
}

/** True for addresses that are reached over the network. */
export function isRemote(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

function splitName(flag: string, text: string): { name: string | null; rest: string } {
  const match = namedPattern.exec(text);
  if (match === null) return { name: null, rest: text };
  const [, name = "", rest = ""] = match;
  if (!namePattern.test(name)) {
    throw usage(
      flag,
      text,
      `"${name}" is not a repository name`,
      "Use lower-case letters, digits, dots, hyphens and underscores",
    );
  }
  if (name.endsWith(".git"))
    throw usage(flag, text, "a name that ends in .git is the address of a Git repository", "Leave the .git out");
  return { name, rest };
}

/** One `--archive-mirror URL`: a cache of archives that clients are told of. */
export function parseArchiveMirror(text: string): string {
  const url = requireRemoteUrl("--archive-mirror", text, text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw usage(
      "--archive-mirror",
      text,
      "it is not an http(s) URL",
      "Give the address of a cache, as opam would ask it",
    );
  return text.replace(/\/+$/, "");
}

/** One `--source-network CIDR`: where opam files may send the gateway besides public addresses. */
export function parseSourceNetwork(text: string): Network {
  const network = networkOf(text);
  if (network === null)
    throw usage(
      "--source-network",
      text,
      "it is not a network",
      "Give an address and bits, as in 10.0.0.0/8 or fd00::/8",
    );
  return network;
}

function requireRemoteUrl(flag: string, text: string, url: string): URL {
  if (!URL.canParse(url)) throw usage(flag, text, "it is not a valid URL", "Check its host and port");
  const parsed = new URL(url);
  if (parsed.username !== "" || parsed.password !== "") {
    throw usage(
      flag,
      text,
      "it contains credentials, which would be shown to every visitor",
      "Leave them out of the URL",
    );
  }
  return parsed;
}

// The rules of git-check-ref-format(1) that matter for a name that is only compared and shown.
function isRefName(name: string): boolean {
  if (
    name === "" ||
    name.startsWith("-") ||
    name.startsWith("/") ||
    name.endsWith("/") ||
    name.endsWith(".") ||
    name.endsWith(".lock")
  )
    return false;
  if (name.includes("..") || name.includes("//") || name.includes("@{")) return false;
  for (const char of name) if (char <= " " || char === "\x7f" || "~^:?*[\\".includes(char)) return false;
  return true;
}

function usage(flag: string, text: string, why: string, advice: string): OperatorError {
  return new OperatorError("usage", `${flag} ${text}: ${why}. ${advice}.`);
}
