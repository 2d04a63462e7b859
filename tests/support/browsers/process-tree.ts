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

/**
 * The process of those that match whose processor time grows most while `work` keeps one of them busy: that of a page, when `work` runs in the
 * page. Only processes below one whose command line names the profile count. Reads Linux's /proc.
 */
export async function busiestProcess(
  profile: string,
  matches: (commandLine: string) => boolean,
  work: () => Promise<void>,
): Promise<number> {
  const candidates = (await listProcesses()).filter(({ commandLine }) => matches(commandLine));
  const belongs = await Promise.all(candidates.map(({ pid }) => belongsTo(pid, profile)));
  const own = candidates.filter((_, i) => belongs[i]);
  const before = await Promise.all(own.map(({ pid }) => processorTime(pid)));
  await work();
  const after = await Promise.all(own.map(({ pid }) => processorTime(pid)));
  const used = after.map((time, i) => time - before[i]!);
  const at = used.indexOf(Math.max(...used));
  const found = own[at];
  if (found === undefined || used[at] === 0) throw new Error(`no process was busy: ${own.map(({ pid }) => pid)}`);
  return found.pid;
}

/** WebKit's processes do not name their profile, but have it in their environment. */
async function belongsTo(pid: number, profile: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return text.includes(profile);
}

/** In clock ticks, of the process and all its threads. */
async function processorTime(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
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
