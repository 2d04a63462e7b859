import { within } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import { httpDate } from "../core/http/date.ts";
import { retryAfterSeconds } from "../core/http/problem.ts";
import { rewriteRepoFile } from "../core/opam/repo-file.ts";
import type { LiveAnswer } from "../protocol/messages.ts";
import type { RepoFacts } from "../store/served-repo-file.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import { bytesDigest } from "./blob-digest.ts";
import { firstAnswer } from "./first-answer.ts";
import type { HandlerDeps } from "./ports.ts";
import { type Entity, textType } from "./respond.ts";
import type { SnapshotWatch } from "./snapshot-watch.ts";
import type { UpdateWish } from "./wanted.ts";

/** Milliseconds between two questions to a clone in progress that does not make them wait. */
const pollMs = 25;
/** Milliseconds that one question to the clone in progress may wait there; then it is asked again. */
const liveWaitMs = 1_000;
/** Milliseconds beyond which an answer of the sync worker is not waited for. It answers between two slices of work. */
const liveGraceMs = 250;
/** Seconds for Retry-After when nobody knows better. */
const unknownSeconds = 5;

interface Wanted {
  readonly repository: string;
  /** `repo`, `version`, `packages/…` or `index.tar.gz`. */
  readonly path: string;
  /** For the rewritten `repo` file. */
  readonly config: RepoFacts;
}

/**
 * A file before the first snapshot (design: during the first clone): from the clone in progress, from upstream, from
 * the snapshot if it is published meanwhile, whichever comes first; after `deadlineMs` throws `not-ready`. Never says
 * that a file does not exist: opam believes that.
 */
export async function answerBeforeSnapshot(
  deps: HandlerDeps,
  wish: UpdateWish,
  watch: SnapshotWatch,
  wanted: Wanted,
  deadlineMs: number,
  fromSnapshot: (snapshot: Snapshot) => Promise<Entity>,
): Promise<Entity> {
  const { clock } = deps;
  const until = clock.now() + deadlineMs;
  const stop = new AbortController();
  const live = wanted.path === "index.tar.gz" ? null : new LiveQuestion(deps, wanted);
  if (live === null || deps.live === null) wish.express(wanted.repository);
  try {
    const instant = await live?.ask(0);
    if (instant?.type === "file") return await liveEntity(deps, wanted, instant);
    const waiting = firstAnswer<() => Promise<Entity>>([
      fromFirst(watch, wanted, stop.signal, fromSnapshot),
      askUpstream(deps, wanted, stop.signal),
      ...(live === null ? [] : [waitForLive(deps, wish, wanted, live, until, stop.signal)]),
    ]);
    const answer = await within(clock, until - clock.now(), waiting, () => null);
    if (answer !== null) return await answer();
    throw new MirrorError("not-ready", {
      path: wanted.path,
      retryAfter: retryAfterSeconds(live?.secondsLeft ?? unknownSeconds),
    });
  } finally {
    stop.abort();
  }
}

class LiveQuestion {
  readonly #deps: HandlerDeps;
  readonly #wanted: Wanted;
  /** The sync's own estimate, from its last answer. */
  secondsLeft: number | null = null;

  constructor(deps: HandlerDeps, wanted: Wanted) {
    this.#deps = deps;
    this.#wanted = wanted;
  }

  async ask(waitMs: number): Promise<LiveAnswer | null> {
    const { live, clock } = this.#deps;
    if (live === null) return null;
    try {
      const asked = live.answer(this.#wanted.repository, this.#wanted.path, waitMs);
      const answer = await within(clock, waitMs + liveGraceMs, asked, () => null);
      if (answer?.type === "pending") this.secondsLeft = answer.secondsLeft;
      return answer;
    } catch {
      // The worker died or its port closed: the other sources go on.
      return null;
    }
  }
}

async function waitForLive(
  deps: HandlerDeps,
  wish: UpdateWish,
  wanted: Wanted,
  live: LiveQuestion,
  until: number,
  signal: AbortSignal,
): Promise<(() => Promise<Entity>) | null> {
  const { clock } = deps;
  if (deps.live === null) return null;
  while (!signal.aborted && clock.now() < until) {
    const asked = clock.now();
    const answer = await live.ask(Math.min(liveWaitMs, until - asked));
    if (answer?.type === "file") return () => liveEntity(deps, wanted, answer);
    if (answer?.type === "absent") return null;
    if (answer === null || answer.type === "idle") wish.express(wanted.repository);
    if (clock.now() - asked < pollMs) await clock.sleep(pollMs, signal);
  }
  return null;
}

async function fromFirst(
  watch: SnapshotWatch,
  wanted: Wanted,
  signal: AbortSignal,
  fromSnapshot: (snapshot: Snapshot) => Promise<Entity>,
): Promise<(() => Promise<Entity>) | null> {
  const snapshot = await watch.wait(wanted.repository, signal);
  return snapshot === null ? null : () => fromSnapshot(snapshot);
}

async function askUpstream(
  deps: HandlerDeps,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<(() => Promise<Entity>) | null> {
  const response = await deps.upstream?.fetch(wanted.repository, wanted.path, signal);
  if (response?.status !== 200) return null;
  const tarball = wanted.path === "index.tar.gz";
  const bytes = new Uint8Array(await response.arrayBuffer());
  const digest =
    wanted.path === "repo" || tarball ? await bytesDigest(bytes, "sha256", deps.slice()) : await blobOid(deps, bytes);
  return async () => ({
    path: wanted.path,
    etag: `"${digest}"`,
    lastModified: null,
    type: tarball ? "application/gzip" : textType,
    source: "upstream",
    immutable: false,
    body: async () => bytes,
  });
}

async function liveEntity(
  deps: HandlerDeps,
  wanted: Wanted,
  answer: LiveAnswer & { readonly type: "file" },
): Promise<Entity> {
  const original = new Uint8Array(answer.bytes);
  const repo = wanted.path === "repo";
  const bytes = repo ? rewriteRepoFile(original, { ...wanted.config, commit: answer.commit }).bytes : original;
  const digest = repo ? await bytesDigest(bytes, "sha256", deps.slice()) : answer.oid;
  return {
    path: wanted.path,
    etag: `"${digest}"`,
    lastModified: httpDate(answer.committedAt),
    type: textType,
    source: "sync",
    immutable: false,
    body: async () => bytes,
  };
}

/** The id Git gives to a blob: the same ETag as from the snapshot later. */
async function blobOid(deps: HandlerDeps, bytes: Uint8Array): Promise<string> {
  const header = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const whole = new Uint8Array(header.length + bytes.length);
  whole.set(header, 0);
  whole.set(bytes, header.length);
  return bytesDigest(whole, "sha1", deps.slice());
}
