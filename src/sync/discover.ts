import { listServerRefs, type ServerRef, version } from "isomorphic-git";
import { withDeadline } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import { isOid } from "../core/git/oid.ts";
import { delimPacket, flushPacket, pktLine, pktText } from "../core/git/pkt-line.ts";
import { type Expected, gitHttpClient, statusError } from "./git-http.ts";
import { defaultGitDeadlines, type SyncHost } from "./host.ts";

export interface Tip {
  /** Hex oid of the commit. */
  readonly commit: string;
  /** Short name of the branch or tag that is followed. */
  readonly branch: string;
}

export interface Remote {
  readonly url: string;
  /** As shown to people. */
  readonly shown: string;
  /** Branch or tag; null follows HEAD. */
  readonly branch: string | null;
  /** Advertised in the `repo` file that is served. */
  readonly archiveMirrors?: readonly string[] | undefined;
}

/**
 * Asks the remote for one ref by protocol v2 (isomorphic-git, about 200 bytes on the wire).
 * Throws `remote-*`, `branch-missing` and `remote-timeout`.
 */
export async function discover(host: SyncHost, remote: Remote, signal: AbortSignal): Promise<Tip> {
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const ms = (host.deadlines ?? defaultGitDeadlines).discovery;
  try {
    signal.throwIfAborted();
    return await withDeadline(host.clock, find(host, remote, own.signal), ms, () => {
      const late = new MirrorError("remote-timeout", { remote: remote.shown, phase: "discovery", seconds: ms / 1000 });
      own.abort(late);
      return late;
    });
  } finally {
    signal.removeEventListener("abort", abort);
    // Ends what was asked for ahead and is not needed.
    own.abort(new MirrorError("aborted", { what: "The discovery" }));
  }
}

async function find(host: SyncHost, remote: Remote, signal: AbortSignal): Promise<Tip> {
  const list = (prefix: string) => listRefs(host, remote, prefix, signal);
  if (remote.branch === null) {
    const head = (await list("HEAD")).find((ref) => ref.ref === "HEAD");
    if (head !== undefined && isOid(head.oid)) return { commit: head.oid, branch: shortName(head.target ?? "HEAD") };
  } else {
    for (const prefix of ["refs/heads/", "refs/tags/"]) {
      const name = prefix + remote.branch;
      const found = (await list(name)).find((ref) => ref.ref === name);
      if (found !== undefined) return { commit: found.peeled ?? found.oid, branch: remote.branch };
    }
  }
  const heads = await list("refs/heads/");
  if (heads.length === 0) throw new MirrorError("remote-empty", { remote: remote.shown });
  throw new MirrorError("branch-missing", { remote: remote.shown, branch: remote.branch ?? "HEAD" });
}

async function listRefs(host: SyncHost, remote: Remote, prefix: string, signal: AbortSignal): Promise<ServerRef[]> {
  const { credentials } = host;
  try {
    return await listServerRefs({
      http: gitHttpClient(host.fetch, remote.shown, signal, listRequest(remote.url, prefix)),
      url: remote.url,
      protocolVersion: 2,
      prefix,
      symrefs: true,
      peelTags: true,
      ...(credentials && {
        onAuth: async () => (await credentials(remote.shown)) ?? { cancel: true },
        onAuthFailure: () => ({ cancel: true }),
      }),
    });
  } catch (thrown) {
    signal.throwIfAborted();
    throw explained(thrown, remote.shown);
  }
}

/** What isomorphic-git asks for when the remote speaks version 2 (gitprotocol-v2, "ls-refs"). Were it to ask otherwise, it would wait for its own request. */
function listRequest(url: string, prefix: string): Expected {
  const capabilities = [pktLine("command=ls-refs"), pktLine(`agent=git/isomorphic-git@${version()}`)];
  const wanted = [pktText("peel"), pktText("symrefs"), pktText(`ref-prefix ${prefix}`)];
  return {
    url: `${url}/git-upload-pack`,
    headers: {
      "git-protocol": "version=2",
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
    },
    body: new TextEncoder().encode(
      [...capabilities, delimPacket, ...wanted, flushPacket].join(""),
    ) as Uint8Array<ArrayBuffer>,
  };
}

/** isomorphic-git's errors, told apart by their stable codes. */
function explained(thrown: unknown, remote: string): unknown {
  if (thrown instanceof MirrorError) return thrown;
  const { code, data } = thrown as { code?: unknown; data?: { statusCode?: unknown } };
  if (code === "HttpError" && typeof data?.statusCode === "number") return statusError(remote, data.statusCode, null);
  if (code === "UserCanceledError") return new MirrorError("remote-auth", { remote });
  const reason = code === "SmartHttpError" ? "it does not answer as a Git server" : "its answer cannot be read";
  return new MirrorError("remote-not-git", { remote, reason }, thrown);
}

function shortName(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, "");
}
