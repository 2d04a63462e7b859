import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const hooks = new URL("../../scripts/typescript-hooks.mjs", import.meta.url).href;

/** A Node process that runs a module of the project's TypeScript with these arguments, its output piped. */
export function typescriptChild(module: URL, args: readonly string[]): ChildProcess {
  const code = `import { register } from "node:module"; register(${JSON.stringify(hooks)}); await import(${JSON.stringify(module.href)});`;
  // With --eval the first argument is no script: it is at argv[1].
  return spawn(process.execPath, ["--input-type=module", "--eval", code, "--", ...args], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The next line of a child's output that contains `text`; rejects when the child ends first. */
export function lineWith(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const line = output.split("\n").find((one) => one.includes(text));
      if (line !== undefined) resolve(line);
    });
    child.on("exit", (code, signal) =>
      reject(new Error(`the child ended (${signal ?? code}): ${errors.slice(-2000)}`)),
    );
  });
}
