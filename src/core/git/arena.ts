import { headRoom } from "./object-head.ts";

/**
 * Holds inflated objects in large segments and forgets the oldest segment when it is full: a bounded base cache
 * without an allocation per object. Packs keep delta families together, so the newest bytes are the ones needed again.
 * In front of each object is room for its head.
 */
export class Arena {
  readonly #capacity: number;
  readonly #segments: (Uint8Array<ArrayBuffer> | null)[] = [];
  readonly #segmentBytes: number;
  #oldest = 0;
  #held = 0;
  #used = 0;
  /** The segment that the last `place` chose, its number, and where in it the object's bytes go. */
  segment: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  number = -1;
  at = 0;

  constructor(capacity: number, segmentBytes: number = 1 << 20) {
    this.#capacity = capacity;
    this.#segmentBytes = segmentBytes;
  }

  /** Finds room for an object of `size` bytes; it is taken by `keep` and may be overwritten until then. */
  place(size: number): void {
    const needed = headRoom + size;
    if (this.number >= 0 && this.segment.length - this.#used >= needed) {
      this.at = this.#used + headRoom;
      return;
    }
    const bytes = Math.max(needed, this.#segmentBytes);
    while (this.#oldest < this.#segments.length && this.#held + bytes > this.#capacity) {
      this.#held -= this.#segments[this.#oldest]!.length;
      this.#segments[this.#oldest++] = null;
    }
    this.segment = new Uint8Array(bytes);
    this.number = this.#segments.push(this.segment) - 1;
    this.#held += bytes;
    this.#used = 0;
    this.at = headRoom;
  }

  keep(size: number): void {
    this.#used = this.at + size;
  }

  /** The segment of that number, or null once it was forgotten. */
  get(number: number): Uint8Array<ArrayBuffer> | null {
    return this.#segments[number] ?? null;
  }
}
