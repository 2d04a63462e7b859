export interface RequestFigures {
  /** Milliseconds from `fetch` to the last byte, in the order in which the answers came. */
  readonly latencies: readonly number[];
  /** Answers other than 200, and broken ones. */
  readonly errors: readonly string[];
}

/** Asks for one path after another, a request every `everyMs` whether or not the last one was answered, until `stop` is called. */
export class SteadyRequests {
  readonly #base: string;
  readonly #paths: readonly string[];
  readonly #latencies: number[] = [];
  readonly #errors: string[] = [];
  readonly #open = new Set<Promise<void>>();
  readonly #timer: number;
  #next = 0;

  constructor(base: string, paths: readonly string[], everyMs: number) {
    this.#base = base;
    this.#paths = paths;
    this.#timer = window.setInterval(() => this.#ask(), everyMs);
  }

  async stop(): Promise<RequestFigures> {
    window.clearInterval(this.#timer);
    await Promise.all(this.#open);
    return { latencies: this.#latencies, errors: this.#errors };
  }

  #ask(): void {
    const path = this.#paths[this.#next++ % this.#paths.length] ?? "";
    const asked = performance.now();
    const answered = answer(this.#base + path).then(
      () => void this.#latencies.push(performance.now() - asked),
      (thrown: unknown) => void this.#errors.push(`${path}: ${String(thrown)}`),
    );
    this.#open.add(answered);
    void answered.then(() => this.#open.delete(answered));
  }
}

/** Asks as fast as answers come, on several lanes at once, until `stop` is called. */
export class Flood {
  readonly #lanes: Promise<void>[];
  #flowing = true;
  #answered = 0;

  constructor(base: string, paths: readonly string[], lanes: number) {
    const flow = async (lane: number) => {
      for (let i = lane; this.#flowing; i += lanes) {
        await answer(base + (paths[i % paths.length] ?? "")).catch(() => undefined);
        this.#answered++;
      }
    };
    this.#lanes = Array.from({ length: lanes }, (_, lane) => flow(lane));
  }

  /** Number of requests that were answered. */
  async stop(): Promise<number> {
    this.#flowing = false;
    await Promise.all(this.#lanes);
    return this.#answered;
  }
}

/**
 * One request after the other, `rounds` times over all paths; milliseconds a request. The clock of a page is coarse, so
 * `together` requests are timed as one.
 */
export async function oneByOne(
  base: string,
  paths: readonly string[],
  rounds: number,
  together: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at + together <= paths.length * rounds; at += together) {
    const begun = performance.now();
    for (let i = at; i < at + together; i++) await answer(base + (paths[i % paths.length] ?? ""));
    times.push((performance.now() - begun) / together);
  }
  return times;
}

export async function answer(url: string): Promise<Response> {
  const response = await fetch(url);
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return response;
}
