import { MirrorError } from "../core/errors.ts";
import type { ArchiveBuffer } from "./archive-buffer.ts";
import type { ArchiveReceiver } from "./archive-download.ts";
import type { ArchiveStream } from "./ports.ts";

/** Bytes that readers get at once. */
const stepBytes = 256 * 1024;

/**
 * An archive that arrives from one place. Its readers follow it, and never get its last bytes before all were verified: a body that turns
 * out to be wrong ends with an error.
 */
export class Arrival implements ArchiveReceiver {
  readonly #buffer: ArchiveBuffer;
  readonly #wholeBytes: number;
  readonly #large: () => void;
  #kept: Uint8Array[] | null = [];
  #size: number | null = null;
  #failure: MirrorError | null = null;
  #isVerified = false;
  #change: { readonly promise: Promise<void>; readonly tell: () => void } = change();

  /** `large` is called once, when it is known that more than `wholeBytes` come. */
  constructor(buffer: ArchiveBuffer, wholeBytes: number, large: () => void) {
    this.#buffer = buffer;
    this.#wholeBytes = wholeBytes;
    this.#large = large;
  }

  get received(): number {
    return this.#buffer.size;
  }

  get isLarge(): boolean {
    return this.#kept === null;
  }

  expect(size: number | null): void {
    this.#size = size;
    if (size !== null && size > this.#wholeBytes) this.#becomeLarge();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#buffer.write(bytes);
    this.#kept?.push(bytes);
    if (this.received > this.#wholeBytes) this.#becomeLarge();
    this.#tell();
  }

  /** The bytes are what they should be. */
  verified(): void {
    this.#isVerified = true;
    this.#size = this.received;
    this.#tell();
  }

  fail(error: MirrorError): void {
    this.#failure = error;
    this.#tell();
  }

  /** The bytes of an archive that is not large. */
  whole(): Uint8Array<ArrayBuffer> | null {
    if (this.#kept === null) return null;
    const bytes = new Uint8Array(this.received);
    let at = 0;
    for (const part of this.#kept) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** A body for one reader; `ended` is called when it has been read or given up. */
  body(ended: () => void): ArchiveStream {
    return {
      size: this.#size,
      open: (first, last) => {
        let at = first;
        return new ReadableStream<Uint8Array<ArrayBuffer>>(
          {
            pull: async (controller) => {
              try {
                const bytes = await this.#next(at, last + 1);
                if (bytes === null) {
                  controller.close();
                  return ended();
                }
                at += bytes.length;
                controller.enqueue(bytes);
              } catch (thrown) {
                ended();
                throw thrown;
              }
            },
            cancel: ended,
          },
          { highWaterMark: 0 },
        );
      },
    };
  }

  /** Some bytes from `at`, once they may go out; null at the end. */
  async #next(at: number, end: number): Promise<Uint8Array<ArrayBuffer> | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const limit = Math.min(end, this.#isVerified ? this.received : this.received - 1);
      if (at < limit) {
        const bytes = await this.#buffer.read(at, Math.min(stepBytes, limit - at));
        if (bytes.length === 0) throw new MirrorError("store-lost", { reason: "an archive that arrives" });
        return bytes;
      }
      if (at >= end || this.#isVerified) return null;
      await this.#change.promise;
    }
  }

  #becomeLarge(): void {
    if (this.#kept === null) return;
    this.#kept = null;
    this.#large();
  }

  #tell(): void {
    const { tell } = this.#change;
    this.#change = change();
    tell();
  }
}

function change(): { readonly promise: Promise<void>; readonly tell: () => void } {
  let tell = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return { promise, tell };
}
