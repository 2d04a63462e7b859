/**
 * The closed set of failures. Each has a stable code, data, and one sentence that says what failed, why, and what to do.
 * Codes are part of the contract (problem+json, `status`, the dashboard): they are added, never renamed.
 */
export interface ErrorData {
  // Talking to the Git remote
  "remote-unreachable": { remote: string; reason: string };
  "remote-status": { remote: string; status: number; retryAfter?: number };
  "remote-auth": { remote: string };
  "remote-not-git": { remote: string; reason: string };
  "remote-refused": { remote: string; message: string };
  "remote-empty": { remote: string };
  "remote-timeout": { remote: string; phase: string; seconds: number };
  "branch-missing": { remote: string; branch: string };
  "remote-older": { remote: string; commit: string; date: string; servedCommit: string; servedDate: string };
  "protocol-broken": { remote: string; reason: string };
  // The pack and its objects
  "pack-truncated": { at: number };
  "pack-corrupt": { at: number; reason: string };
  "pack-checksum": { expected: string; actual: string };
  "pack-limit": { limit: string; allowed: number; found: number };
  "delta-corrupt": { at: number; reason: string };
  "delta-base-missing": { base: string; count: number };
  "object-missing": { oid: string; kind: string };
  "object-corrupt": { oid: string; reason: string };
  "tree-forbidden": { oid: string; name: string; reason: string };
  "not-opam-repository": { remote: string; branch: string };
  // The store
  "store-lost": { reason: string };
  "store-quota": { needed: number };
  "store-failed": { operation: string; reason: string };
  "store-newer": { found: number; known: number };
  "fenced-out": { repository: string; epoch: number; current: number };
  // Answering
  "not-found": { path: string };
  "bad-path": { path: string; reason: string };
  "method-not-allowed": { method: string };
  forbidden: { reason: string };
  "precondition-failed": { path: string };
  "range-unsatisfiable": { range: string; size: number };
  "unknown-repository": { name: string };
  "not-ready": { path: string; retryAfter: number };
  "archive-unavailable": { checksum: string; tried: string[] };
  "archive-mismatch": { checksum: string; source: string };
  "checksum-malformed": { text: string };
  "request-too-large": { allowed: number };
  // Contexts
  "peer-gone": { peer: string; reason?: string };
  deadline: { what: string; ms: number };
  aborted: { what: string };
  unsupported: { feature: string; advice: string };
  internal: { reason: string };
}

export type ErrorCode = keyof ErrorData;

const sentences: { readonly [C in ErrorCode]: (data: ErrorData[C]) => string } = {
  "remote-unreachable": (d) =>
    `Could not reach ${d.remote} (${d.reason}). Check that the address is right and the server runs, then update again.`,
  "remote-status": (d) =>
    `${d.remote} answered with HTTP status ${d.status} instead of a Git repository. Check the repository's address${d.status === 404 ? " for a typing error" : ", or try again later"}.`,
  "remote-auth": (d) => `${d.remote} asks for credentials and none were accepted. Configure credentials for it.`,
  "remote-not-git": (d) =>
    `What ${d.remote} sent is not Git (${d.reason}). Check that the address names a Git repository.`,
  "remote-refused": (d) => `${d.remote} refused the request: ${d.message}. Ask the operator of the remote.`,
  "remote-empty": (d) => `The repository ${d.remote} has no commits yet. Push a branch to it, then update again.`,
  "remote-timeout": (d) =>
    `${d.remote} sent nothing for ${d.seconds} s during ${d.phase}. Check the network, then update again.`,
  "branch-missing": (d) => `${d.remote} has no branch or tag "${d.branch}". Choose one that exists.`,
  "remote-older": (d) =>
    `${d.remote} offers commit ${d.commit.slice(0, 10)} of ${d.date}, which is older than what is served (${d.servedCommit.slice(0, 10)} of ${d.servedDate}). It was not taken; accept it if the remote was set back on purpose.`,
  "protocol-broken": (d) =>
    `${d.remote} broke the Git protocol (${d.reason}). Nothing was stored; try again, or report it to the remote's operator.`,
  "pack-truncated": (d) =>
    `The pack ended early, at byte ${d.at}: the connection broke. Nothing was stored; update again.`,
  "pack-corrupt": (d) =>
    `The pack is damaged at byte ${d.at} (${d.reason}). Nothing was stored; update again, or check the remote with git fsck.`,
  "pack-checksum": (d) =>
    `The pack's checksum is ${d.actual}, its trailer says ${d.expected}. Nothing was stored; update again.`,
  "pack-limit": (d) =>
    `The repository exceeds a limit: ${d.limit} is ${d.found}, allowed is ${d.allowed}. Raise the limit if you trust the remote.`,
  "delta-corrupt": (d) =>
    `A delta at byte ${d.at} of the pack is invalid (${d.reason}). Nothing was stored; check the remote with git fsck.`,
  "delta-base-missing": (d) =>
    `The pack has ${d.count} deltas without their base, the first needs ${d.base}. Nothing was stored; update again.`,
  "object-missing": (d) =>
    `The ${d.kind} ${d.oid} is named by the commit but was not sent. Nothing was stored; check the remote with git fsck.`,
  "object-corrupt": (d) =>
    `The object ${d.oid} is invalid (${d.reason}). Nothing was stored; check the remote with git fsck.`,
  "tree-forbidden": (d) =>
    `The tree ${d.oid} has a forbidden entry "${d.name}" (${d.reason}). Nothing was stored; check the remote with git fsck.`,
  "not-opam-repository": (d) =>
    `Branch "${d.branch}" of ${d.remote} is not an opam repository: it has neither a packages folder nor a repo file. Check address and branch.`,
  "store-lost": (d) =>
    `The stored repository was lost (${d.reason}). It is being fetched again; no action is needed while online.`,
  "store-quota": (d) =>
    `The browser refused ${d.needed} more bytes of storage. Free disk space or remove stored archives, then update again.`,
  "store-failed": (d) =>
    `The storage operation "${d.operation}" failed (${d.reason}). Reload the page; if it happens again, free disk space.`,
  "store-newer": (d) =>
    `The stored data has schema ${d.found}, this version knows ${d.known}. Reload all tabs to get the newer version.`,
  "fenced-out": (d) =>
    `Another tab took over the sync of "${d.repository}" (epoch ${d.current} after ${d.epoch}). No action is needed.`,
  "not-found": (d) => `There is no ${d.path} in this repository. Check the path.`,
  "bad-path": (d) => `The path ${d.path} is not valid (${d.reason}). Use the path as opam writes it.`,
  "method-not-allowed": (d) => `The method ${d.method} is not allowed here. Use GET or HEAD.`,
  forbidden: (d) => `This is not open to everybody (${d.reason}). Ask the operator of the mirror.`,
  "precondition-failed": (d) =>
    `${d.path} is not in the state that the request requires. Fetch it again without the condition.`,
  "range-unsatisfiable": (d) =>
    `The range ${d.range} lies outside of the ${d.size} bytes there are. Ask for a range within them.`,
  "unknown-repository": (d) => `No repository "${d.name}" is configured. Check the name in the address.`,
  "not-ready": (d) =>
    `${d.path} is not available yet: the repository is being fetched. Try again in ${d.retryAfter} s.`,
  "archive-unavailable": (d) =>
    `No source delivered the archive ${d.checksum}${d.tried.length > 0 ? ` (tried ${d.tried.join(", ")})` : ""}. Try again when online, or configure an upstream cache.`,
  "archive-mismatch": (d) =>
    `What ${d.source} sent for the archive ${d.checksum} does not match that checksum. It was discarded; try another source.`,
  "checksum-malformed": (d) =>
    `"${d.text}" is not a checksum this mirror knows. Use md5, sha256 or sha512 with lower-case hexadecimal digits.`,
  "request-too-large": (d) => `The request has more than the ${d.allowed} bytes that are accepted. Send a smaller one.`,
  "peer-gone": (d) =>
    `The ${d.peer} stopped while it was working on this${d.reason ? ` (${d.reason})` : ""}. Reload the page.`,
  deadline: (d) => `${d.what} took longer than ${d.ms} ms and was given up. Try again.`,
  aborted: (d) => `${d.what} was cancelled. Start it again if you still need it.`,
  unsupported: (d) => `This browser lacks ${d.feature} here. ${d.advice}`,
  internal: (d) => `An unexpected error occurred (${d.reason}). Please report it.`,
};

/** Data form of a MirrorError: what crosses ports, is stored, and appears in `status`. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class MirrorError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "MirrorError";
  readonly code: C;
  readonly data: ErrorData[C];

  constructor(code: C, data: ErrorData[C], cause?: unknown) {
    super(sentences[code](data), cause === undefined ? undefined : { cause });
    this.code = code;
    this.data = data;
  }

  toJSON(): ErrorRecord {
    return { code: this.code, message: this.message, data: { ...this.data } };
  }
}

/** Any thrown value as a MirrorError; what is not one of ours becomes `internal`. */
export function asMirrorError(thrown: unknown): MirrorError {
  if (thrown instanceof MirrorError) return thrown;
  if (isErrorRecord(thrown)) return new MirrorError(thrown.code, thrown.data as ErrorData[ErrorCode]);
  return new MirrorError(
    "internal",
    { reason: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown) },
    thrown,
  );
}

/** The stored and transmitted form of any thrown value. */
export function errorRecord(thrown: unknown): ErrorRecord {
  return asMirrorError(thrown).toJSON();
}

function isErrorRecord(value: unknown): value is ErrorRecord {
  if (typeof value !== "object" || value === null) return false;
  const code = (value as { code?: unknown }).code;
  return (
    typeof code === "string" && Object.hasOwn(sentences, code) && typeof (value as { data?: unknown }).data === "object"
  );
}
