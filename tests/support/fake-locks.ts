type Held = (lock: Lock | null) => unknown;

interface Request {
  readonly name: string;
  readonly held: Held;
  readonly resolve: (value: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Web Locks for Node, as far as leading needs them: exclusive, with queues, `ifAvailable`, `steal` and `signal`. */
export class FakeLocks {
  readonly #holders: Map<string, Request> = new Map();
  readonly #queues: Map<string, Request[]> = new Map();

  async query(): Promise<LockManagerSnapshot> {
    const info = ({ name }: Request): LockInfo => ({ name, mode: "exclusive", clientId: "" });
    return { held: [...this.#holders.values()].map(info), pending: [...this.#queues.values()].flat().map(info) };
  }

  request(name: string, options: LockOptions, held: Held): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request: Request = { name, held, resolve, reject };
      const holder = this.#holders.get(name);
      if (options.steal) {
        this.#holders.delete(name);
        holder?.reject(new DOMException("stolen", "AbortError"));
        void this.#grant(request);
      } else if (holder === undefined) {
        void this.#grant(request);
      } else if (options.ifAvailable) {
        Promise.resolve(held(null)).then(resolve, reject);
      } else {
        const queue = this.#queues.get(name) ?? [];
        this.#queues.set(name, [...queue, request]);
        options.signal?.addEventListener("abort", () => {
          this.#queues.set(name, this.#queues.get(name)?.filter((one) => one !== request) ?? []);
          reject(options.signal?.reason);
        });
      }
    });
  }

  async #grant(request: Request): Promise<void> {
    const { name, held, resolve, reject } = request;
    this.#holders.set(name, request);
    await Promise.resolve()
      .then(() => held({ name, mode: "exclusive" }))
      .then(resolve, reject);
    if (this.#holders.get(name) !== request) return;
    this.#holders.delete(name);
    const [next, ...rest] = this.#queues.get(name) ?? [];
    this.#queues.set(name, rest);
    if (next !== undefined) await this.#grant(next);
  }
}
