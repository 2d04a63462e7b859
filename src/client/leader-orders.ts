import type { Aborting, Clock } from "../core/cooperation/clock.ts";
import { asMirrorError, type ErrorRecord, MirrorError } from "../core/errors.ts";
import type { VerifyReport } from "../protocol/keeping.ts";

/** Milliseconds after which an order is said again. */
const againMs = 1_000;
/** Milliseconds without an answer: a tab that has just begun to lead opens the store first. */
const silenceMs = 20_000;
/** What one wait may count of these: after its own sleep a tab knows nothing of the others. */
const countedMs = 5_000;

/** What whoever leads says of an order. `report` is null while it is being carried out, and left out where there is none. */
export interface OrderAnswer {
  readonly id: string;
  readonly error: ErrorRecord | null;
  readonly report?: VerifyReport | null;
}

interface Given {
  /** The last one; null before the first. */
  answer: OrderAnswer | null;
  silentMs: number;
  readonly done: AbortController;
}

/**
 * Orders to whoever leads, said again under the same id until they are carried out: a leader may only just be starting, and one that
 * dies is followed by another, which knows nothing of them.
 */
export class LeaderOrders {
  readonly #clock: Clock;
  readonly #ended: Aborting;
  readonly #given: Map<string, Given> = new Map();

  constructor(clock: Clock, ended: Aborting) {
    this.#clock = clock;
    this.#ended = ended;
  }

  /** Whoever leads has answered; what belongs to other tabs' orders is ignored. */
  answered(answer: OrderAnswer): void {
    const given = this.#given.get(answer.id);
    if (given === undefined) return;
    given.answer = answer;
    given.silentMs = 0;
    if (answer.error !== null || answer.report !== null) given.done.abort();
  }

  /**
   * `say` sends the order. Resolves with the report, null where there is none. Throws what the answer says, `deadline` when there is none
   * for twenty seconds, and `aborted` when this mirror is closed. `what` is the order, for people.
   */
  async give(what: string, say: (id: string) => void): Promise<VerifyReport | null> {
    const id = crypto.randomUUID();
    const done = new AbortController();
    const given: Given = { answer: null, silentMs: 0, done };
    this.#given.set(id, given);
    const end = () => done.abort();
    this.#ended.addEventListener("abort", end, { once: true });
    try {
      while (!done.signal.aborted) {
        if (this.#ended.aborted) break;
        if (given.silentMs >= silenceMs)
          throw new MirrorError("deadline", { what: `${what}, in the tab that syncs,`, ms: silenceMs });
        say(id);
        if (done.signal.aborted) break;
        const said = this.#clock.now();
        await this.#clock.sleep(againMs, done.signal).catch(() => undefined);
        given.silentMs += Math.min(this.#clock.now() - said, countedMs);
      }
    } finally {
      this.#given.delete(id);
      this.#ended.removeEventListener("abort", end);
    }
    const { answer } = given;
    if (answer === null || (answer.error === null && answer.report === null))
      throw new MirrorError("aborted", { what });
    if (answer.error !== null) throw asMirrorError(answer.error);
    return answer.report ?? null;
  }
}
