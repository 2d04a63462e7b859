/**
 * A bounded channel between two loops that run at the same time: one receives, one analyses. The sender waits while the
 * channel is full (back-pressure reaches the network), the receiver while it is empty.
 */
export class Channel<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #waitingReceiver: (() => void) | null = null;
  #waitingSender: (() => void) | null = null;
  #state: "open" | "ended" | "failed" = "open";
  #failure: unknown;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Resolves when the item is taken in. Rejects with the reason when the other side has failed the channel. */
  async send(item: T): Promise<void> {
    while (this.#state === "open" && this.#items.length >= this.#capacity) {
      await new Promise<void>((resolve) => {
        this.#waitingSender = resolve;
      });
    }
    if (this.#state === "failed") throw this.#failure;
    this.#items.push(item);
    this.#wakeReceiver();
  }

  /** No more items will be sent; those in the channel are still received. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#wakeReceiver();
  }

  /** Either side gives up: the other side's pending and further calls reject with `reason`. */
  fail(reason: unknown): void {
    if (this.#state === "failed") return;
    this.#state = "failed";
    this.#failure = reason;
    this.#wakeReceiver();
    this.#wakeSender();
  }

  /** The next item, or `undefined` after the last. */
  async receive(): Promise<T | undefined> {
    for (;;) {
      if (this.#state === "failed") throw this.#failure;
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#wakeSender();
        return item;
      }
      if (this.#state === "ended") return undefined;
      await new Promise<void>((resolve) => {
        this.#waitingReceiver = resolve;
      });
    }
  }

  #wakeReceiver(): void {
    this.#waitingReceiver?.();
    this.#waitingReceiver = null;
  }

  #wakeSender(): void {
    this.#waitingSender?.();
    this.#waitingSender = null;
  }
}
