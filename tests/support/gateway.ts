import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gitEnvironment } from "../../src/gateway/git-command.ts";
import type { GatewayOptions } from "../../src/gateway/options.ts";
import { parseRepository } from "../../src/gateway/repository-option.ts";
import { type Gateway, startGateway } from "../../src/gateway/serve.ts";

export interface TestGateway extends Gateway, AsyncDisposable {
  /** Address of everything it serves, with the final slash. */
  readonly page: string;
  readonly logged: readonly string[];
}

/**
 * A gateway on a free port; `repository` as on the command line. It has no mirror of its own unless `mirror` says so: tests of what
 * browsers do have the processors to themselves. Closed at the end of the `await using` block.
 */
export async function testGateway(
  options: Omit<GatewayOptions, "repositories"> & { repository?: string | readonly string[] },
): Promise<TestGateway> {
  const { repository, ...rest } = options;
  const logged: string[] = [];
  const repositories = repository === undefined ? [] : [repository].flat().map(parseRepository);
  const gateway = await startGateway({
    port: 0,
    mirror: false,
    log: (line) => logged.push(line),
    ...rest,
    repositories,
  });
  return { ...gateway, page: gateway.url + gateway.base, logged, [Symbol.asyncDispose]: () => gateway.close() };
}

/** A temporary folder that is removed with its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string; at(name: string): string }> {
  const path = await mkdtemp(join(tmpdir(), "opam-web-mirror-test-"));
  return {
    path,
    at: (name) => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Runs a real Git client, without the user's configuration. Rejects with its standard error. */
export async function runGit(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", args, { env: gitEnvironment(), maxBuffer: 64 * 1024 * 1024 });
  return stdout.trimEnd();
}

/** Sends bytes as they are and resolves with everything that came back until the server closed, or after `ms`. */
export function raw(url: string, bytes: string | Buffer, ms = 3000): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
