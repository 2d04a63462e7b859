import type { Clock } from "../core/cooperation/clock.ts";
import { readCommit } from "../core/git/commit.ts";
import { objectTypes } from "../core/git/object-type.ts";
import { fromHex, toHex } from "../core/git/oid.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import { findInTree, isRegular, isTree } from "../core/git/tree.ts";
import type { LiveAnswer } from "../protocol/messages.ts";

type Lookup = Exclude<LiveAnswer, { type: "pending" | "idle" }> | null;

interface Waiter {
  readonly path: string;
  readonly until: number;
  readonly settle: (answer: LiveAnswer) => void;
}

/**
 * Answers for files of a clone while it runs: an object is readable as soon as it was hashed, and a path is followed from the
 * wanted commit through verified trees. Questions that cannot be answered yet wait, and are looked at again in each slice.
 */
export class LiveClone {
  readonly #reader: PackReader;
  readonly #tip: string;
  readonly #clock: Clock;
  readonly #secondsLeft: () => number;
  #waiters: Waiter[] = [];

  constructor(reader: PackReader, tip: string, clock: Clock, secondsLeft: () => number) {
    this.#reader = reader;
    this.#tip = tip;
    this.#clock = clock;
    this.#secondsLeft = secondsLeft;
  }

  answer(path: string, waitMs: number): Promise<LiveAnswer> {
    const found = this.#lookup(path);
    if (found !== null) return Promise.resolve(found);
    if (waitMs <= 0) return Promise.resolve({ type: "pending", secondsLeft: this.#secondsLeft() });
    return new Promise((settle) => this.#waiters.push({ path, until: this.#clock.now() + waitMs, settle }));
  }

  /** Settles what can be answered now, and what waited too long. Called at the start of each slice. */
  tick(): void {
    if (this.#waiters.length === 0) return;
    const now = this.#clock.now();
    this.#waiters = this.#waiters.filter((waiter) => {
      const answer =
        this.#lookup(waiter.path) ??
        (now >= waiter.until ? { type: "pending" as const, secondsLeft: this.#secondsLeft() } : null);
      if (answer !== null) waiter.settle(answer);
      return answer === null;
    });
  }

  /** The clone has ended, well or not: what still waits is told to look elsewhere. */
  close(): void {
    for (const waiter of this.#waiters) waiter.settle({ type: "idle" });
    this.#waiters = [];
  }

  /** Null while an object on the way has not arrived. */
  #lookup(path: string): Lookup {
    const reader = this.#reader;
    const tipAt = reader.find(this.#tip);
    if (tipAt < 0 || reader.table.types[tipAt] !== objectTypes.commit) return null;
    const content = reader.content(tipAt);
    const { tree, committedAt } = readCommit(content.bytes.subarray(content.from, content.from + content.size));
    let oids: Uint8Array = fromHex(tree);
    let oidAt = 0;
    const names = path.split("/");
    for (const [depth, name] of names.entries()) {
      const treeAt = reader.table.find(oids, oidAt);
      if (treeAt < 0) return null;
      if (reader.table.types[treeAt] !== objectTypes.tree) return { type: "absent" };
      const { bytes, from, size } = reader.content(treeAt);
      const entry = findInTree(bytes, from, from + size, new TextEncoder().encode(name));
      const last = depth === names.length - 1;
      if (entry === null || (last ? !isRegular(entry.mode) : !isTree(entry.mode))) return { type: "absent" };
      oids = bytes;
      oidAt = entry.oidAt;
    }
    const blobAt = reader.table.find(oids, oidAt);
    if (blobAt < 0) return null;
    const { bytes, from, size } = reader.content(blobAt);
    const oid = toHex(oids, oidAt, oidAt + 20);
    return { type: "file", oid, bytes: bytes.slice(from, from + size), committedAt, commit: this.#tip };
  }
}
