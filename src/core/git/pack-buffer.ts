import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";

/** Room behind the last byte that the inflater may look at. */
const padding = 64;
const step = 1 << 20;

/**
 * The bytes of a pack as they arrive, contiguous so that they can be inflated by position. Room for a first pack is taken at once: memory
 * that is not written to is not used, and growing would copy it all.
 */
export class PackBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  readonly #limit: number;

  constructor(limit: number, expected: number) {
    this.#limit = limit;
    this.bytes = new Uint8Array(Math.min(limit, expected) + padding);
  }

  /** Copies `chunk` to the end. Growing copies in steps, for doubling a large buffer at once would hold up the thread. */
  async append(chunk: Uint8Array, slice: Slice): Promise<void> {
    const length = this.length + chunk.length;
    if (length > this.#limit)
      throw new MirrorError("pack-limit", {
        limit: "the size of the pack in bytes",
        allowed: this.#limit,
        found: length,
      });
    if (length + padding > this.bytes.length) {
      const grown = new Uint8Array(Math.min(Math.max(length, this.bytes.length * 2), this.#limit) + padding);
      for (let at = 0; at < this.length; at += step) {
        grown.set(this.bytes.subarray(at, Math.min(at + step, this.length)), at);
        if (slice.due()) await slice.pause();
      }
      this.bytes = grown;
    }
    for (let at = 0; at < chunk.length; at += step) {
      this.bytes.set(chunk.subarray(at, at + step), this.length + at);
      if (slice.due()) await slice.pause();
    }
    this.length = length;
  }
}
