import type { Clock } from "../core/cooperation/clock.ts";
import { MirrorError } from "../core/errors.ts";
import type { VerifyReport } from "../protocol/keeping.ts";
import type { ArchiveShelf } from "./archive-shelf.ts";

/** Hashes all stored archives again, one after the other, one pass at a time. */
export class ArchiveVerification {
  readonly #shelf: ArchiveShelf;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #report: VerifyReport | null = null;
  /** The pass that was asked for last, and the same as long as it has not begun. */
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<VerifyReport> | null = null;
  #stopped = false;

  constructor(shelf: ArchiveShelf, clock: Clock, changed: () => void) {
    this.#shelf = shelf;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Of the pass that runs, or of the last one; null before the first. */
  get report(): VerifyReport | null {
    return this.#report;
  }

  /**
   * A pass that begins after the call: when the one that runs has ended, together with whoever else asks until then. Throws `store-*`, and
   * `aborted` when it was stopped.
   */
  run(): Promise<VerifyReport> {
    if (this.#next !== null) return this.#next;
    const begin = () => {
      this.#next = null;
      return this.#pass();
    };
    const pass = this.#last.then(begin, begin);
    this.#next = pass;
    this.#last = pass;
    return pass;
  }

  async #pass(): Promise<VerifyReport> {
    const bad: string[] = [];
    let checked = 0;
    let total = 0;
    const report = (running: boolean) => {
      const finishedAt = running ? null : new Date(this.#clock.wall()).toISOString();
      const now = { running, checked, total, bad: [...bad], finishedAt };
      this.#report = now;
      this.#changed();
      return now;
    };
    report(true);
    try {
      const records = await this.#shelf.records();
      total = records.length;
      for (const { sha256 } of records) {
        if (this.#stopped) throw new MirrorError("aborted", { what: "The verification of archives" });
        if (!(await this.#shelf.verify(sha256))) bad.push(sha256);
        checked++;
        report(true);
      }
    } catch (thrown) {
      report(false);
      throw thrown;
    }
    return report(false);
  }

  stop(): void {
    this.#stopped = true;
  }
}
