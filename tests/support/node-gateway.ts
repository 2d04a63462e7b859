import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import type { Status } from "../../src/protocol/status.ts";
import { typescriptChild } from "./typescript-child.ts";

/** The end of a sync, as the log of `--log json` has it. */
export interface SyncEvent {
  readonly event: "sync";
  readonly repository: string;
  readonly commit: string | null;
  readonly durationMs: number;
  /** From the beginning of the sync until every file could be served; null when nothing was published. */
  readonly publishedMs: number | null;
  /** Longest time that it kept an event waiting. */
  readonly longestGapMs: number;
  readonly error: { readonly code: string } | null;
}

export interface Answered {
  /** 0 when the connection broke. */
  readonly status: number;
  readonly ms: number;
}

const main = new URL("../../src/cli/main.ts", import.meta.url);
const built = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));

/** `opam-web-mirror serve` in a process of its own: who measures it must not share its event loop. */
export class NodeGateway implements AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  readonly syncs: readonly SyncEvent[];
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(url: string, child: ChildProcess, syncs: readonly SyncEvent[]) {
    this.url = url;
    this.child = child;
    this.syncs = syncs;
  }

  /** `from`: the built program, or its sources, which start a little slower. */
  static async start(flags: readonly string[], from: "built" | "sources"): Promise<NodeGateway> {
    const args = ["serve", "--port", "0", "--no-open", "--log", "json", ...flags];
    const child =
      from === "built"
        ? spawn(process.execPath, [built, ...args], { stdio: ["ignore", "pipe", "pipe"] })
        : typescriptChild(main, ["cli", ...args]);
    const syncs: SyncEvent[] = [];
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
      const lines = errors.split("\n");
      errors = lines.pop() ?? "";
      for (const line of lines) {
        const event = parsed(line);
        if (event?.event === "sync") syncs.push(event);
      }
    });
    const url = await new Promise<string>((resolve, reject) => {
      let output = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        const found = /^listening on (\S+)$/m.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.on("exit", (code, signal) =>
        reject(new Error(`it ended (${signal ?? code}) before it listened: ${errors}`)),
      );
    });
    return new NodeGateway(url, child, syncs);
  }

  /** The `count`-th sync that ends, counted from 1 and from the start. */
  async synced(count: number): Promise<SyncEvent> {
    while (this.syncs.length < count) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error("the gateway has ended");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.syncs[count - 1]!;
  }

  async status(): Promise<Status> {
    return (await (await fetch(`${this.url}/opam/default/status`)).json()) as Status;
  }

  /** One request, and how long its whole answer took. */
  ask(path: string): Promise<Answered> {
    const begun = performance.now();
    return new Promise((resolve) => {
      const ended = (status: number) => resolve({ status, ms: performance.now() - begun });
      const send = () => {
        const sent = request(this.url + path, { agent: this.#agent }, (answer) => {
          answer.resume();
          answer.on("end", () => ended(answer.statusCode ?? 0));
          answer.on("error", () => ended(0));
        });
        sent.on("error", (error: NodeJS.ErrnoException) => {
          // A connection that rested may be closed just when it is used again: every client asks once more (RFC 9110, section 9.2.2).
          if (sent.reusedSocket && error.code === "ECONNRESET") send();
          else ended(0);
        });
        sent.end();
      };
      send();
    });
  }

  /** A request every `everyMs` until `ended`, whether or not those before were answered. */
  async askSteadily(paths: readonly string[], everyMs: number, ended: () => boolean): Promise<Answered[]> {
    const begun = performance.now();
    const answers: Promise<Answered>[] = [];
    while (!ended()) {
      answers.push(this.ask(paths[answers.length % paths.length]!));
      const next = begun + answers.length * everyMs - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next)));
    }
    return Promise.all(answers);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "close");
    this.child.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.kill("SIGTERM");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function parsed(line: string): SyncEvent | null {
  try {
    return JSON.parse(line) as SyncEvent;
  } catch {
    return null;
  }
}
