import { wrap } from "comlink";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { channelPorts } from "../platform/message-channel.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import { type Engine, protocolVersion } from "../protocol/messages.ts";
import type { PageToWorker, WorkerToPage } from "../protocol/worker.ts";

const protocol = protocolVersion;

/** The dedicated worker in which the sync engine runs. One at a time per origin: its page holds the leader lock. */
export class EngineProcess {
  readonly #worker: Worker;
  /** The engine's own end; calls never settle once `failed` has rejected. */
  readonly engine: Engine;
  /** Rejects when the worker could not start or died. Never resolves. */
  readonly failed: Promise<never>;

  constructor(base: string, repositories: readonly RepositoryConfig[]) {
    this.#worker = new Worker(new URL("../worker/engine-worker.ts", import.meta.url), {
      type: "module",
      name: "opam-web-mirror sync",
    });
    this.failed = new Promise((_resolve, reject) => {
      this.#worker.addEventListener("error", ({ message }) =>
        reject(new MirrorError("peer-gone", { peer: "sync worker", reason: message ?? "" })),
      );
      this.#worker.addEventListener("message", ({ data }: MessageEvent<WorkerToPage>) => {
        if (data.type === "failed") reject(asMirrorError(data.error));
      });
    });
    this.failed.catch(() => undefined);
    const [port1, port2] = channelPorts();
    this.#post({ type: "start", protocol, base, repositories, port: port2 }, port2);
    this.engine = wrap<Engine>(port1) as unknown as Engine;
  }

  /** A port for somebody else (the service worker) to call the engine. */
  port(): MessagePort {
    const [port1, port2] = channelPorts();
    this.#post({ type: "port", protocol, port: port2 }, port2);
    return port1;
  }

  stop(): void {
    this.#worker.terminate();
  }

  #post(message: PageToWorker, port: MessagePort): void {
    this.#worker.postMessage(message, [port]);
  }
}
