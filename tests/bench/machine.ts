import { arch, cpus, platform, release, totalmem } from "node:os";
import { git } from "../fixtures/git-command.ts";

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly git: string;
}

export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    processors: processors.length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    git: (await git(["version"])).replace(/^git version /, ""),
  };
}
