import { Readable } from "node:stream";
import { MirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";

/** A body may have this many bytes to be shared: the largest pack that is accepted, and what surrounds it. */
const sharedBytes = defaultLimits.packBytes + (4 << 20);

/** One body, read once and given to any number of readers, each from its beginning. All of it is held until the last of them has gone. */
export class SharedBody {
  readonly #source: Readable;
  readonly #chunks: Buffer[] = [];
  readonly #waiting: Set<() => void> = new Set();
  #bytes = 0;
  #outcome: "pending" | "ended" | { readonly failure: unknown } = "pending";

  constructor(source: Readable) {
    this.#source = source;
    source.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > sharedBytes) {
        const limit = { limit: "the size of an answer in bytes", allowed: sharedBytes, found: this.#bytes };
        source.destroy(new MirrorError("pack-limit", limit));
      }
      this.#wake();
    });
    source.on("end", () => this.#settle("ended"));
    source.on("error", (failure) => this.#settle({ failure }));
    source.on("close", () => this.#settle({ failure: new Error("it was broken off") }));
  }

  get ended(): boolean {
    return this.#outcome === "ended";
  }

  /** `left` is called when this reader has read all, or reads no more. */
  reader(left: () => void): Readable {
    return Readable.from(this.#read(left), { objectMode: false });
  }

  /** Nobody will read it. */
  abandon(): void {
    this.#source.destroy();
  }

  async *#read(left: () => void): AsyncGenerator<Buffer> {
    try {
      for (let at = 0; ; ) {
        const chunk = this.#chunks[at];
        if (chunk !== undefined) {
          at++;
          yield chunk;
        } else if (this.#outcome === "ended") return;
        else if (this.#outcome !== "pending") throw this.#outcome.failure;
        else await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      left();
    }
  }

  #settle(outcome: "ended" | { readonly failure: unknown }): void {
    if (this.#outcome === "pending") this.#outcome = outcome;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
