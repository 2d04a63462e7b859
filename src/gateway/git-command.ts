import { execFile } from "node:child_process";

/**
 * The environment of every Git process the gateway starts: nothing of the user's configuration, no prompts, English
 * messages. `safe.directory` is opened because the operator named the repository; Git accepts it only from outside the
 * repository (git-config, safe.directory).
 */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: process.platform === "win32" ? "NUL" : "/dev/null",
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
    // The browser that receives the pack often runs on the same machine: packing leaves it a processor.
    GIT_CONFIG_KEY_1: "pack.threads",
    GIT_CONFIG_VALUE_1: "1",
    ...extra,
  };
  for (const name of ["PATH", "SystemRoot", "TMPDIR", "TEMP"]) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Runs Git and resolves with its standard output, or rejects with the first line of its standard error. */
export function git(
  args: readonly string[],
  extra: {
    readonly cwd?: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly input?: string | Buffer;
  } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      [...args],
      { cwd: extra.cwd, env: gitEnvironment(extra.environment), maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if ((error as NodeJS.ErrnoException).code === "ENOENT")
          reject(new Error("git was not found; install Git 2.20 or newer"));
        else reject(new Error(stderr.trim().split("\n")[0] || error.message));
      },
    );
    child.stdin?.on("error", () => {}); // EPIPE: Git's own exit says why.
    child.stdin?.end(extra.input ?? "");
  });
}
