import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { GitExchange } from "../../../src/gateway/options.ts";

/** Counts the packs and lists of refs that a gateway sends, and how many packs at once. */
export class GitTraffic {
  readonly #delayMs: number;
  /** Packs that were begun. */
  packs = 0;
  /** Lists of refs that were begun: one for each time a sync asks what the remote has. */
  lists = 0;
  /** Packs that are on their way. */
  open = 0;
  /** The most that ever were at the same time. */
  mostOpen = 0;

  /** `delayMs` is waited before the first byte of each answer. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** For GatewayOptions.onGitResponse. */
  readonly watch = ({ request }: GitExchange): Transform | undefined => {
    if (request !== "git-upload-pack") return undefined;
    let first = true;
    const begin = async (stream: Transform, chunk: Buffer) => {
      // A list of refs comes from the same address; it has none of these sections (gitprotocol-v2, "fetch").
      if (/acknowledgments|shallow-info|packfile/.test(chunk.toString("latin1", 0, 100))) {
        this.packs++;
        this.open++;
        this.mostOpen = Math.max(this.mostOpen, this.open);
        stream.once("close", () => this.open--);
      } else this.lists++;
      if (this.#delayMs > 0) await sleep(this.#delayMs);
    };
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const begun = first ? begin(this, chunk) : Promise.resolve();
        first = false;
        begun.then(() => done(null, chunk), done);
      },
    });
  };
}
