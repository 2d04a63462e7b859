import type { Clock } from "../core/cooperation/clock.ts";
import type { VerifyReport } from "../protocol/keeping.ts";
import type { ArchiveShelf } from "./archive-shelf.ts";

/** Hashes all stored archives again, one after the other, one pass at a time. */
export class ArchiveVerification {
  readonly #shelf: ArchiveShelf;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #report: VerifyReport | null = null;
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

  /** Resolves with whether any archive was bad, at once with false when a pass runs already. Throws `store-*`. */
  async run(): Promise<boolean> {
    if (this.#report?.running === true) return false;
    const bad: string[] = [];
    let checked = 0;
    let total = 0;
    const report = (running: boolean) => {
      const finishedAt = running ? null : new Date(this.#clock.wall()).toISOString();
      this.#report = { running, checked, total, bad: [...bad], finishedAt };
      this.#changed();
    };
    report(true);
    try {
      const records = await this.#shelf.records();
      total = records.length;
      for (const { sha256 } of records) {
        if (this.#stopped) break;
        if (!(await this.#shelf.verify(sha256))) bad.push(sha256);
        checked++;
        report(true);
      }
    } finally {
      report(false);
    }
    return bad.length > 0;
  }

  stop(): void {
    this.#stopped = true;
  }
}
