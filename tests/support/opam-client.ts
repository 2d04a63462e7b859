import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Path of the real opam client, or null. */
export function findOpam(): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "opam")).find((path) => existsSync(path)) ?? null;
}

/** Runs opam with a root of its own, asking nothing, and returns what it says on both outputs. Rejects when it fails. */
export async function runOpam(
  opam: string,
  root: string,
  args: readonly string[],
  timeoutMs = 240_000,
): Promise<string> {
  const env = {
    ...process.env,
    OPAMROOT: root,
    OPAMYES: "1",
    OPAMNOAUTOUPGRADE: "1",
    OPAMCOLOR: "never",
    OPAMROOTISOK: "1",
  };
  const options = { env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  const { stdout, stderr } = await promisify(execFile)(opam, args, options);
  return stdout + stderr;
}
