import type { Clock } from "../core/cooperation/clock.ts";
import type { Store } from "../store/store.ts";

const noteKey = "archive-hosts";
/** For how long is remembered that a host refuses cross-origin reading. Milliseconds. */
const refusedMs = 7 * 86_400_000;
/** Hosts that are remembered: the real repository names 83. */
const rememberedHosts = 500;

/**
 * Which hosts let a browser read what they send to other origins (CORS). They say so only in their answers, and a refusal looks like a
 * broken network: who could not read asks again without wanting to read.
 */
export class ArchiveHosts {
  readonly #store: Pick<Store, "note" | "saveNote">;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  /** When the host refused, by its origin. */
  #refused: Promise<Map<string, number>> | null = null;

  constructor(deps: {
    readonly store: Pick<Store, "note" | "saveNote">;
    readonly clock: Clock;
    readonly fetch: typeof fetch;
  }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#fetch = deps.fetch;
  }

  /** Whether the host is known to refuse. Nothing is asked. */
  async refuses(origin: string): Promise<boolean> {
    const at = (await this.#known()).get(origin);
    const age = at === undefined ? Number.POSITIVE_INFINITY : this.#clock.wall() - at;
    return age >= 0 && age < refusedMs;
  }

  /** After a request that failed without an answer: whether it was a refusal, which is then remembered, or the network. */
  async wasRefusal(url: string, signal: AbortSignal): Promise<boolean> {
    const fetcher = this.#fetch;
    try {
      const response = await fetcher(url, {
        method: "HEAD",
        mode: "no-cors",
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "no-referrer",
        signal,
      });
      await response.body?.cancel();
    } catch {
      return false;
    }
    const known = await this.#known();
    if (known.size >= rememberedHosts) known.clear();
    known.set(new URL(url).origin, this.#clock.wall());
    await this.#store.saveNote(noteKey, [...known]).catch(() => undefined);
    return true;
  }

  #known(): Promise<Map<string, number>> {
    this.#refused ??= this.#store.note(noteKey).then(
      (noted) => new Map(Array.isArray(noted) ? noted.filter(isEntry) : []),
      () => new Map(),
    );
    return this.#refused;
  }
}

function isEntry(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "number";
}
