import type { HandlerDeps } from "./ports.ts";

/** Milliseconds in which one repository asks for a sync at most once. */
const intervalMs = 5_000;

/** Asks for a sync when a request shows that one is needed; requests come in floods, the wish is passed on sparsely. */
export class UpdateWish {
  readonly #deps: Pick<HandlerDeps, "clock" | "startUpdate">;
  readonly #asked = new Map<string, number>();

  constructor(deps: Pick<HandlerDeps, "clock" | "startUpdate">) {
    this.#deps = deps;
  }

  express(repository: string): void {
    const now = this.#deps.clock.now();
    const last = this.#asked.get(repository);
    if (last !== undefined && now - last < intervalMs) return;
    this.#asked.set(repository, now);
    // Whether a sync can start is reported by `status`; this request is answered from what there is.
    this.#deps.startUpdate(repository).catch(() => {});
  }
}
