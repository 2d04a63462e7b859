import { asMirrorError, MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { channelPorts } from "../platform/message-channel.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import { protocolVersion } from "../protocol/messages.ts";
import type { PageToWorker, WorkerToPage } from "../protocol/worker.ts";

const protocol = protocolVersion;

/** Its code has to come over the network when the cache of the app was lost. */
const startMs = 15_000;

/** The dedicated worker in which the sync engine runs. One at a time per origin: its page holds the leader lock. */
export class EngineProcess {
  readonly #worker: Worker;
  readonly #ended: AbortController = new AbortController();
  readonly #fail: (error: MirrorError) => void;
  /** Rejects when the worker could not start or died. Never resolves. */
  readonly failed: Promise<never>;
  #alive = false;

  /** `update`: it begins with a sync of each repository. */
  constructor(base: string, repositories: readonly RepositoryConfig[], update: boolean) {
    this.#worker = new Worker(new URL("../worker/engine-worker.ts", import.meta.url), {
      type: "module",
      name: "opam-web-mirror sync",
    });
    let fail: (error: MirrorError) => void = () => {};
    this.failed = new Promise((_resolve, reject) => {
      fail = reject;
    });
    this.#fail = fail;
    this.failed.catch(() => undefined);
    this.#worker.addEventListener("error", ({ message }) => this.#gone(message ?? ""));
    this.#worker.addEventListener("message", ({ data }: MessageEvent<WorkerToPage>) => {
      if (data.type === "failed") fail(asMirrorError(data.error));
      else this.#alive = true;
    });
    const late = new MirrorError("deadline", { what: "The start of the sync worker", ms: startMs });
    systemClock.sleep(startMs, this.#ended.signal).then(
      () => this.#alive || fail(late),
      () => undefined,
    );
    this.#post({ type: "start", protocol, base, repositories, update });
  }

  /** Whether the worker answers for itself by now. */
  get alive(): boolean {
    return this.#alive;
  }

  /** A port for somebody else (the service worker) to call the engine. */
  port(): MessagePort {
    const [port1, port2] = channelPorts();
    this.#post({ type: "port", protocol, port: port2 }, [port2]);
    return port1;
  }

  /** It does not answer: `failed` rejects. A browser tells nobody that a worker was terminated. */
  giveUp(): void {
    this.#gone("it does not answer");
  }

  stop(): void {
    this.#ended.abort();
    this.#worker.terminate();
  }

  #gone(reason: string): void {
    this.#fail(new MirrorError("peer-gone", { peer: "sync worker", reason }));
  }

  #post(message: PageToWorker, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
