import { readdir, readFile } from "node:fs/promises";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

/** SIGKILL to every process whose command line matches, and to all that descend from them. Reads Linux's /proc. */
export async function killTree(matches: (commandLine: string) => boolean): Promise<void> {
  const processes = await listProcesses();
  const doomed = new Set(processes.filter((p) => matches(p.commandLine)).map((p) => p.pid));
  for (let size = -1; size !== doomed.size; ) {
    size = doomed.size;
    for (const { pid, parent } of processes) if (doomed.has(parent)) doomed.add(pid);
  }
  doomed.delete(process.pid);
  for (const pid of doomed) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function listProcesses(): Promise<Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readProcess(Number(pid)).catch(() => null)));
  return found.filter((process) => process !== null);
}

async function readProcess(pid: number): Promise<Process> {
  const [commandLine, stat] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, "utf8"),
    readFile(`/proc/${pid}/stat`, "utf8"),
  ]);
  // The second field is the name in parentheses and may contain spaces; the parent is the second one after it.
  const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  return { pid, parent, commandLine: commandLine.replaceAll("\0", " ") };
}
