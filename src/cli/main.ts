#!/usr/bin/env node
import { OperatorError } from "../gateway/operator-error.ts";
import { packageVersion } from "../gateway/package-root.ts";
import { help } from "./help.ts";
import { init } from "./init.ts";
import { serve } from "./serve.ts";

async function run(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  if (command === "serve") await serve(rest);
  else if (command === "init") await init(rest);
  else if (command === "--help" || command === "-h") process.stdout.write(help);
  else if (command === "--version") process.stdout.write(`${packageVersion()}\n`);
  else {
    const problem = command === undefined ? "No command was given" : `"${command}" is not a command`;
    throw new OperatorError("usage", `${problem}. Run "opam-web-mirror --help" for the commands.`);
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`opam-web-mirror: ${error.message}\n`);
  process.exitCode = error.kind === "usage" ? 2 : 1;
}
