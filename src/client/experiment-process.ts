import type { Aborting } from "../core/cooperation/clock.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { channelPorts } from "../platform/message-channel.ts";
import type { ExperimentOrder, ExperimentReport } from "../protocol/experiment.ts";
import { protocolVersion } from "../protocol/messages.ts";
import type { RepositoryStatus } from "../protocol/status.ts";

export type ExperimentEnd = Omit<Extract<ExperimentReport, { type: "ended" }>, "type" | "protocol">;

const notLoaded = "the code of the experiment could not be loaded from this site";

/** The dedicated worker of one run of the experiment. Must be stopped however the run ends. */
export class ExperimentProcess {
  readonly #worker: Worker;
  /** Questions go in here (`ExperimentQuestion`), answers come out. */
  readonly port: MessagePort;
  /** Resolves when the clone starts. Stays pending when it never does: wait for `ended` as well. */
  readonly begun: Promise<void>;
  /** What the clone came to. Rejects with a MirrorError, or with the signal's reason. */
  readonly ended: Promise<ExperimentEnd>;

  constructor(
    order: Omit<ExperimentOrder, "protocol" | "port">,
    progress: (repository: RepositoryStatus) => void,
    signal: Aborting,
  ) {
    this.#worker = new Worker(new URL("../worker/experiment-worker.ts", import.meta.url), {
      type: "module",
      name: `opam-web-mirror experiment: ${order.policy}`,
    });
    let hasBegun = () => {};
    this.begun = new Promise((resolve) => {
      hasBegun = resolve;
    });
    this.ended = new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      // A script that could not be loaded says nothing: it comes from the server that the clone needs as well.
      this.#worker.onerror = ({ message }) => {
        if (message) reject(new MirrorError("peer-gone", { peer: "experiment's worker", reason: message }));
        else reject(new MirrorError("remote-unreachable", { remote: order.repository.remote, reason: notLoaded }));
      };
      this.#worker.onmessage = ({ data }: MessageEvent<ExperimentReport>) => {
        switch (data.type) {
          case "begun":
            return hasBegun();
          case "progress":
            return progress(data.repository);
          case "ended":
            return resolve(data);
          case "failed":
            return reject(asMirrorError(data.error));
        }
      };
    });
    this.ended.catch(() => undefined);
    const [asking, answering] = channelPorts();
    this.port = asking;
    const sent: ExperimentOrder = { ...order, protocol: protocolVersion, port: answering };
    this.#worker.postMessage(sent, [answering]);
  }

  stop(): void {
    this.port.close();
    this.#worker.terminate();
  }
}
