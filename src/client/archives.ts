import { asMirrorError, type ErrorRecord, MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import type { StoredArchiveEntry } from "../protocol/archives.ts";
import type { KeepingOrder, KeepingStatus, VerifyReport } from "../protocol/keeping.ts";
import { type Broadcast, protocolVersion } from "../protocol/messages.ts";
import type { MirrorArchives } from "./mirror-interface.ts";

const protocol = protocolVersion;

const askMs = 1_000;
/** A tab that has just begun to lead opens the store first. */
const deadlineMs = 20_000;

/** What a page says to the tab that leads of the archives that are kept, and hears of them. */
export class KeptArchives implements MirrorArchives {
  readonly #tell: (message: Broadcast) => void;
  readonly #ended: AbortSignal;
  readonly list: () => Promise<readonly StoredArchiveEntry[]>;
  readonly #listeners: Set<(status: KeepingStatus) => void> = new Set();
  readonly #answers: Map<string, (error: ErrorRecord | null) => void> = new Map();
  #status: KeepingStatus | null = null;

  constructor(
    tell: (message: Broadcast) => void,
    ended: AbortSignal,
    list: () => Promise<readonly StoredArchiveEntry[]>,
  ) {
    this.list = list;
    this.#tell = tell;
    this.#ended = ended;
  }

  get status(): KeepingStatus | null {
    return this.#status;
  }

  subscribe(listener: (status: KeepingStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  heard(message: Broadcast): void {
    if (message.type === "keeping-answer") this.#answers.get(message.id)?.(message.error);
    if (message.type !== "keeping") return;
    this.#status = message.keeping;
    for (const listener of this.#listeners) listener(message.keeping);
  }

  keep(what: readonly string[], repository = "default"): Promise<void> {
    return this.#order({ type: "keep", repository, what });
  }

  release(what: readonly string[], repository = "default"): Promise<void> {
    return this.#order({ type: "release", repository, what });
  }

  pause(): Promise<void> {
    return this.#order({ type: "pause" });
  }

  resume(): Promise<void> {
    return this.#order({ type: "resume" });
  }

  retry(): Promise<void> {
    return this.#order({ type: "retry" });
  }

  limit(bytes: number | null): Promise<void> {
    return this.#order({ type: "limit", bytes });
  }

  remove(checksum: string): Promise<void> {
    return this.#order({ type: "remove", checksum: checksum.replace(/^sha256=/, "") });
  }

  async verify(): Promise<VerifyReport> {
    const before = this.#status?.verify?.finishedAt;
    const finished = new Promise<VerifyReport>((resolve) => {
      const end = this.subscribe(({ verify }) => {
        if (verify === null || verify.finishedAt === null || verify.finishedAt === before) return;
        end();
        resolve(verify);
      });
    });
    await this.#order({ type: "verify" });
    return finished;
  }

  /** Says it again until it is answered: all orders may be carried out twice. */
  async #order(order: KeepingOrder): Promise<void> {
    const id = crypto.randomUUID();
    const answered = new AbortController();
    let error: ErrorRecord | null = null;
    this.#answers.set(id, (given) => {
      error = given;
      answered.abort();
    });
    try {
      const until = systemClock.now() + deadlineMs;
      while (!answered.signal.aborted) {
        this.#ended.throwIfAborted();
        if (systemClock.now() > until) {
          throw new MirrorError("deadline", { what: "The answer of the tab that syncs", ms: deadlineMs });
        }
        this.#tell({ type: "keeping-order", protocol, id, order });
        await systemClock.sleep(askMs, answered.signal).catch(() => undefined);
      }
    } finally {
      this.#answers.delete(id);
    }
    if (error !== null) throw asMirrorError(error);
  }
}
