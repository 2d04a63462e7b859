import type { Slice } from "../core/cooperation/slice.ts";
import { pieceBytes } from "./blob-bytes.ts";

/**
 * Collects bytes into Blob pieces of at most 1 MiB. A piece is handed to the browser as soon as it is full, so that
 * JavaScript holds one piece at a time, and one Blob of them all is only a list of references (a single Blob of 11 MB
 * made from bytes blocks its thread for 10–17 ms).
 */
export class BlobPieces {
  readonly #slice: Slice | undefined;
  readonly #pieces: Blob[] = [];
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #used = 0;

  constructor(slice: Slice | undefined) {
    this.#slice = slice;
  }

  /** Copies; the array is the caller's again when this has resolved. One call at a time. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#slice?.due()) await this.#slice.pause();
      if (this.#used === 0 && bytes.length - at >= pieceBytes / 2) {
        // So much is a piece of its own: it is copied once, by the browser.
        const piece = bytes.subarray(at, at + pieceBytes) as Uint8Array<ArrayBuffer>;
        this.#pieces.push(new Blob([piece]));
        at += piece.length;
        continue;
      }
      this.#buffer ??= new Uint8Array(pieceBytes);
      const part = bytes.subarray(at, at + pieceBytes - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === pieceBytes) this.#seal();
    }
  }

  /** All that was added. More can be added afterwards; the Blob does not change. */
  blob(): Blob {
    if (this.#used > 0) this.#seal();
    const [only] = this.#pieces;
    return only !== undefined && this.#pieces.length === 1 ? only : new Blob(this.#pieces);
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#buffer = null;
    this.#used = 0;
  }

  #seal(): void {
    this.#pieces.push(new Blob([this.#buffer!.subarray(0, this.#used)]));
    this.#used = 0;
  }
}
