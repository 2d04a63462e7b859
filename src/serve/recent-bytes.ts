/** Bytes that are kept. */
export const recentBytes: number = 2 * 1024 * 1024;

/** The newest bytes of a stream. */
export class RecentBytes {
  #ring: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Bytes that were ever added, and the first of those that are still here. */
  #size = 0;
  #from = 0;

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#grow(Math.min(recentBytes, this.#size + bytes.length));
    const newest = bytes.subarray(Math.max(0, bytes.length - this.#ring.length));
    this.#size += bytes.length;
    const at = (this.#size - newest.length) % this.#ring.length;
    const untilEnd = newest.subarray(0, this.#ring.length - at);
    this.#ring.set(untilEnd, at);
    this.#ring.set(newest.subarray(untilEnd.length), 0);
    this.#from = Math.max(this.#from, this.#size - this.#ring.length);
  }

  /** A copy of some bytes from `offset`, at most `length`; null when the first of them is not here. */
  read(offset: number, length: number, into?: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    if (offset < this.#from || offset >= this.#size) return null;
    const at = offset % this.#ring.length;
    const count = Math.min(length, this.#size - offset, this.#ring.length - at);
    const bytes = this.#ring.subarray(at, at + count);
    if (into === undefined) return bytes.slice();
    into.set(bytes);
    return into.subarray(0, count);
  }

  /** Until the ring has its full size nothing is at another place in it than in the stream. */
  #grow(wanted: number): void {
    if (wanted <= this.#ring.length || this.#ring.length === recentBytes) return;
    const ring = new Uint8Array(Math.min(recentBytes, Math.max(wanted, 2 * this.#ring.length)));
    ring.set(this.#ring.subarray(0, this.#size));
    this.#ring = ring;
  }
}
