import { wrap } from "comlink";
import { withDeadline } from "../src/core/cooperation/deadline.ts";
import { MirrorError } from "../src/core/errors.ts";
import { systemClock } from "../src/platform/clock.ts";
import {
  type Engine,
  type EngineStatus,
  type LiveAnswer,
  protocolVersion,
  type ServiceWorkerToPage,
} from "../src/protocol/messages.ts";
import type { Live } from "../src/serve/ports.ts";

/** How long a page may take to broker a port. */
const brokerMs = 1000;
/** How long the engine may take beyond what it was asked to wait. */
const graceMs = 400;
/** Latencies are told in batches: a message per request would be a cost of its own. */
const batch = 32;

/**
 * The way to the sync worker: a port that a page brokers. The port is a cache, not a truth: after a restart of the service
 * worker it is gone, and a page is asked for another. Without an answer in time the caller goes on without the engine.
 */
export class EngineLink implements Live {
  readonly #clients: Clients;
  #engine: Engine | null = null;
  #asking: Promise<Engine | null> | null = null;
  #arrived: ((engine: Engine) => void) | null = null;
  #latencies: number[] = [];

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** A page handed over a port. Every method of Engine returns a promise, so its remote form is Engine itself. */
  connect(port: MessagePort): void {
    this.local(wrap<Engine>(port) as unknown as Engine);
  }

  /** An engine in this very thread; null when it is gone. */
  local(engine: Engine | null): void {
    this.#engine = engine;
    if (engine !== null) this.#arrived?.(engine);
  }

  async answer(repository: string, path: string, waitMs: number): Promise<LiveAnswer> {
    return (await this.#call((engine) => engine.live(repository, path, waitMs), waitMs + graceMs)) ?? { type: "idle" };
  }

  status(): Promise<EngineStatus | null> {
    return this.#call((engine) => engine.status(), graceMs);
  }

  /** Notes how long a request took. */
  answered(ms: number): void {
    this.#latencies.push(ms);
    if (this.#latencies.length < batch) return;
    const latencies = this.#latencies;
    this.#latencies = [];
    this.#engine?.answered(latencies).catch(() => undefined);
  }

  async #call<T>(ask: (engine: Engine) => Promise<T>, ms: number): Promise<T | null> {
    const engine = this.#engine ?? (await this.#broker());
    const what = "The answer of the sync worker";
    if (engine === null) return null;
    try {
      return await withDeadline(systemClock, ask(engine), ms, () => new MirrorError("deadline", { what, ms }));
    } catch {
      // A port whose other end died never answers: forget it, and the next call asks for another.
      if (this.#engine === engine) this.#engine = null;
      return null;
    }
  }

  #broker(): Promise<Engine | null> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<Engine | null> {
    const pages = await this.#clients.matchAll({ type: "window", includeUncontrolled: true });
    if (pages.length === 0) return null;
    const arrived = new Promise<Engine>((resolve) => {
      this.#arrived = resolve;
    });
    const wanted: ServiceWorkerToPage = { type: "engine-wanted", protocol: protocolVersion };
    for (const page of pages) page.postMessage(wanted);
    const what = "A port to the sync worker";
    return withDeadline(
      systemClock,
      arrived,
      brokerMs,
      () => new MirrorError("deadline", { what, ms: brokerMs }),
    ).catch(() => null);
  }
}
