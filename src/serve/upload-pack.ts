import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { delimPacket, flushPacket, pktLine } from "../core/git/pkt-line.ts";
import { type FetchCommand, type LsRefsCommand, readUploadRequest } from "../core/git/upload-request.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { ServedCommit } from "./served-commit.ts";
import { packBand, sideBandError } from "./side-band.ts";

export interface UploadPackDeps {
  readonly store: Pick<Store, "pack">;
  /** The published snapshot; null before the first. Throws `store-lost`. */
  readonly openSnapshot: (repository: string) => Promise<Snapshot | null>;
  readonly clock: Clock;
  readonly slice: () => Slice;
  /** Product and version, as Git shows it. */
  readonly agent: string;
}

/** Milliseconds that a request waits for the first snapshot, as `index.tar.gz` does, and between two looks. */
const firstMs = 20_000;
const pollMs = 100;
/** Snapshots of a repository that are answered for: between a client's two requests the pointer may have moved on. */
const keptSnapshots = 2;

/**
 * Git's upload-pack over the published snapshot, by protocol version 2 (Git documentation, gitprotocol-v2): one branch, one commit
 * deep, as from a shallow repository.
 */
export class UploadPack {
  readonly #deps: UploadPackDeps;
  readonly #served: Map<string, ServedCommit[]> = new Map();

  constructor(deps: UploadPackDeps) {
    this.#deps = deps;
  }

  /** What `info/refs?service=git-upload-pack` answers. `version2`: whether the client asked for that version; others get Git's way to say so. */
  advertisement(version2: boolean): Uint8Array<ArrayBuffer> {
    const service = pktLine("# service=git-upload-pack") + flushPacket;
    const lines = ["version 2", `agent=${this.#deps.agent}`, "ls-refs", "fetch=shallow", "object-format=sha1"];
    const body = version2
      ? lines.map(pktLine).join("")
      : pktLine("ERR this mirror speaks version 2 of Git's protocol: git -c protocol.version=2 (Git 2.18 or newer)");
    return encoded(service + body + (version2 ? flushPacket : ""));
  }

  /**
   * The body of an answer to `git-upload-pack`, piece by piece. Throws `not-ready`, `store-*` and `protocol-broken` before the first piece;
   * what goes wrong later is told to the client as Git tells it.
   */
  async answer(repository: string, body: Uint8Array): Promise<AsyncIterable<Uint8Array>> {
    const request = await readUploadRequest(body);
    const served = await this.#current(repository);
    return request.command === "ls-refs" ? one(refs(served[0]!, request)) : this.#fetch(served, request);
  }

  /** Whether all of these are the published commit, so that a shallow fetch of them can be answered without a wait. */
  async isCurrent(repository: string, wants: readonly string[]): Promise<boolean> {
    const snapshot = await this.#deps.openSnapshot(repository).catch(() => null);
    return snapshot !== null && wants.length > 0 && wants.every((want) => want === snapshot.record.commit);
  }

  /** The commits that are answered for, the newest first. */
  async #current(repository: string): Promise<readonly ServedCommit[]> {
    const { clock, openSnapshot, store, slice } = this.#deps;
    const until = clock.now() + firstMs;
    let snapshot = await openSnapshot(repository);
    while (snapshot === null && clock.now() < until) {
      await clock.sleep(pollMs);
      snapshot = await openSnapshot(repository);
    }
    if (snapshot === null) throw new MirrorError("not-ready", { path: `${repository}.git`, retryAfter: 5 });
    const { record } = snapshot;
    const held = this.#served.get(repository) ?? [];
    if (held[0]?.record.id === record.id) return held;
    const served = [await ServedCommit.open(store, record, slice), ...held].slice(0, keptSnapshots);
    this.#served.set(repository, served);
    return served;
  }

  async #fetch(served: readonly ServedCommit[], request: FetchCommand): Promise<AsyncIterable<Uint8Array>> {
    const { wants, haves, done } = request;
    if (wants.length === 0) return one(flushPacket);
    let from: ServedCommit | null = null;
    for (const commit of served) if (from === null && (await commit.has(wants))) from = commit;
    if (from === null) return one(pktLine(`ERR upload-pack: not our ref ${wants.join(" ")}`));
    const common = await from.common(haves);
    let head = "";
    if (!done && haves.length > 0) {
      head += pktLine("acknowledgments");
      if (common === null) return one(head + pktLine("NAK") + flushPacket);
      head += pktLine(`ACK ${common}`) + pktLine("ready") + delimPacket;
    }
    head += await shallowInfo(from, request);
    return packed(encoded(head + pktLine("packfile")), await from.pack(wants, common));
  }
}

function refs({ record }: ServedCommit, { symrefs, prefixes }: LsRefsCommand): string {
  const { branch, commit } = record;
  // A remote whose HEAD names no branch is followed by its commit alone.
  const named = branch === "HEAD" ? [] : [{ name: `refs/heads/${branch}`, more: "" }];
  const target = symrefs && branch !== "HEAD" ? ` symref-target:refs/heads/${branch}` : "";
  const lines = [{ name: "HEAD", more: target }, ...named]
    .filter(({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)))
    .map(({ name, more }) => pktLine(`${commit} ${name}${more}`));
  return lines.join("") + flushPacket;
}

/** The commits whose parents are not sent, unless the client knows. Git's own server says so even when nobody asked for a depth. */
async function shallowInfo(from: ServedCommit, { wants, shallow, deepen }: FetchCommand): Promise<string> {
  const cut = await from.withParents(wants);
  if (cut.length === 0 && !deepen && shallow.length === 0) return "";
  const lines = cut.filter((oid) => !shallow.includes(oid)).map((oid) => pktLine(`shallow ${oid}`));
  return pktLine("shallow-info") + lines.join("") + delimPacket;
}

async function* packed(head: Uint8Array, pack: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  try {
    for await (const bytes of pack) yield* packBand(bytes);
  } catch (thrown) {
    yield sideBandError(`The pack broke off: ${asMirrorError(thrown).message}`);
    throw thrown;
  }
  yield encoded(flushPacket);
}

async function* one(text: string): AsyncGenerator<Uint8Array> {
  yield encoded(text);
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}
