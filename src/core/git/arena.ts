import { headRoom } from "./object-head.ts";

/**
 * Holds inflated objects in large segments and forgets the oldest segment when it is full: a bounded base cache
 * without an allocation per object. Packs keep delta families together, so the newest bytes are the ones needed again.
 * In front of each object is room for its head.
 */
export class Arena {
  #capacity: number;
  readonly #segments: (Uint8Array<ArrayBuffer> | null)[] = [];
  readonly #segmentBytes: number;
  #oldest = 0;
  #held = 0;
  #used = 0;
  #recycles = false;
  #spare: Uint8Array<ArrayBuffer> | null = null;
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
    let recycled: Uint8Array<ArrayBuffer> | null = null;
    while (this.#oldest < this.#segments.length && this.#held + bytes > this.#capacity) {
      const forgotten = this.#segments[this.#oldest]!;
      this.#held -= forgotten.length;
      this.#segments[this.#oldest++] = null;
      if (!this.#recycles) continue;
      // Not used at once: the base of the delta that is being applied may lie in it.
      recycled = this.#spare;
      this.#spare = forgotten;
    }
    this.segment = recycled?.length === bytes ? recycled : new Uint8Array(bytes);
    this.number = this.#segments.push(this.segment) - 1;
    this.#held += bytes;
    this.#used = 0;
    this.at = headRoom;
  }

  keep(size: number): void {
    this.#used = this.at + size;
  }

  /**
   * What is held stays: what comes from now on goes into two further segments, which are written to again and again. Nobody may hold more than
   * one object then, nor one for long.
   */
  recycle(): void {
    this.#recycles = true;
    this.#oldest = this.#segments.length;
    this.#capacity = this.#held + 2 * this.#segmentBytes;
  }

  /** Forgets everything. */
  clear(): void {
    this.#segments.fill(null);
    this.#oldest = this.#segments.length;
    this.#held = 0;
    this.#used = 0;
    this.segment = new Uint8Array(0);
    this.number = -1;
    this.#spare = null;
  }

  /** The segment of that number, or null once it was forgotten. */
  get(number: number): Uint8Array<ArrayBuffer> | null {
    return this.#segments[number] ?? null;
  }
}
