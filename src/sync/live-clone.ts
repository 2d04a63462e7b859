import type { Clock } from "../core/cooperation/clock.ts";
import { readCommit } from "../core/git/commit.ts";
import { objectTypes } from "../core/git/object-type.ts";
import { fromHex, toHex } from "../core/git/oid.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import { findInTree, isRegular, isTree } from "../core/git/tree.ts";
import type { LiveAnswer } from "../protocol/messages.ts";

type Found = Exclude<LiveAnswer, { type: "pending" | "idle" }>;

interface Missing {
  readonly type: "missing";
  /** The first object on the way that has not arrived. */
  readonly oid: Uint8Array;
}

interface Waiter {
  readonly path: string;
  readonly until: number;
  readonly settle: (answer: LiveAnswer) => void;
  missing: Uint8Array;
}

/** Answers sent together, and the milliseconds before the next ones. */
const burst = 4;
const burstMs = 4;

/** Milliseconds of a slice that paths may be followed in; what is left is taken up in the next one. */
const tickMs = 1;

/**
 * Answers for files of a clone while it runs: an object is readable as soon as it was hashed, and a path is followed from the
 * wanted commit through verified trees. A question that cannot be answered yet waits for the object that is missing: to
 * follow the paths of all that wait in each slice would cost more than the slice.
 */
export class LiveClone {
  readonly #reader: PackReader;
  readonly #tip: string;
  readonly #clock: Clock;
  readonly #secondsLeft: () => number;
  #waiters: Waiter[] = [];
  readonly #answered: (() => void)[] = [];
  #sending = false;

  constructor(reader: PackReader, tip: string, clock: Clock, secondsLeft: () => number) {
    this.#reader = reader;
    this.#tip = tip;
    this.#clock = clock;
    this.#secondsLeft = secondsLeft;
  }

  answer(path: string, waitMs: number): Promise<LiveAnswer> {
    const found = this.#lookup(path);
    if (found.type !== "missing") return Promise.resolve(found);
    if (waitMs <= 0) return Promise.resolve({ type: "pending", secondsLeft: this.#secondsLeft() });
    const until = this.#clock.now() + waitMs;
    return new Promise((settle) => this.#waiters.push({ path, until, settle, missing: found.oid }));
  }

  /** Settles what can be answered now, and what waited too long. Called at the start of each slice. */
  tick(): void {
    if (this.#waiters.length === 0) return;
    const begun = this.#clock.now();
    this.#waiters = this.#waiters.filter((waiter) => {
      let answer: LiveAnswer | null = null;
      while (answer === null && this.#arrived(waiter.missing) && this.#clock.now() - begun < tickMs) {
        const found = this.#lookup(waiter.path);
        if (found.type === "missing") waiter.missing = found.oid;
        else answer = found;
      }
      if (answer === null && begun >= waiter.until) answer = { type: "pending", secondsLeft: this.#secondsLeft() };
      if (answer !== null) this.#send(waiter, answer);
      return answer === null;
    });
  }

  /** The clone has ended, well or not: what still waits is told to look elsewhere. */
  close(): void {
    for (const waiter of this.#waiters) this.#send(waiter, { type: "idle" });
    this.#waiters = [];
  }

  /**
   * Answers leave a few at a time. Dozens of questions wait for one object (the file `repo`, the end of the clone), and whoever
   * receives all their answers at once is away for others while it works through them.
   */
  #send(waiter: Waiter, answer: LiveAnswer): void {
    this.#answered.push(() => waiter.settle(answer));
    if (!this.#sending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    while (this.#answered.length > 0) {
      for (const settle of this.#answered.splice(0, burst)) settle();
      if (this.#answered.length > 0) await this.#clock.sleep(burstMs);
    }
    this.#sending = false;
  }

  #arrived(oid: Uint8Array): boolean {
    const { table } = this.#reader;
    return table.capacity > 0 && table.find(oid) >= 0;
  }

  #lookup(path: string): Found | Missing {
    const reader = this.#reader;
    const tipAt = reader.find(this.#tip);
    if (tipAt < 0) return { type: "missing", oid: fromHex(this.#tip) };
    if (reader.table.types[tipAt] !== objectTypes.commit) return { type: "absent" };
    const content = reader.content(tipAt);
    const { tree, committedAt } = readCommit(content.bytes.subarray(content.from, content.from + content.size));
    let oids: Uint8Array = fromHex(tree);
    let oidAt = 0;
    const names = path.split("/");
    for (const [depth, name] of names.entries()) {
      const treeAt = reader.table.find(oids, oidAt);
      if (treeAt < 0) return { type: "missing", oid: oids.slice(oidAt, oidAt + 20) };
      if (reader.table.types[treeAt] !== objectTypes.tree) return { type: "absent" };
      const { bytes, from, size } = reader.content(treeAt);
      const entry = findInTree(bytes, from, from + size, new TextEncoder().encode(name));
      const last = depth === names.length - 1;
      if (entry === null || (last ? !isRegular(entry.mode) : !isTree(entry.mode))) return { type: "absent" };
      oids = bytes;
      oidAt = entry.oidAt;
    }
    const blobAt = reader.table.find(oids, oidAt);
    if (blobAt < 0) return { type: "missing", oid: oids.slice(oidAt, oidAt + 20) };
    const { bytes, from, size } = reader.content(blobAt);
    const oid = toHex(oids, oidAt, oidAt + 20);
    return { type: "file", oid, bytes: bytes.slice(from, from + size), committedAt, commit: this.#tip };
  }
}
