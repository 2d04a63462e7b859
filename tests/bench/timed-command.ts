import { spawn } from "node:child_process";
import { once } from "node:events";
import { gitEnvironment } from "../fixtures/git-command.ts";

/** Runs a program to its end and tells the milliseconds. Throws with its own words when it fails. */
export async function timedCommand(program: string, args: readonly string[], cwd?: string): Promise<number> {
  const started = performance.now();
  const child = spawn(program, args, {
    env: gitEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [status] = (await once(child, "close")) as [number | null];
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed (${status}): ${complaint.slice(-2000)}`);
  return ms;
}
