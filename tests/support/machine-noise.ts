import { readdir, readFile } from "node:fs/promises";

/** What kept the processors from this test, as shares of all processor time that there was. */
export interface Noise {
  /** Taken by the hypervisor for other machines. */
  readonly steal: number;
  /** Used by processes that this one did not start. */
  readonly others: number;
}

/** Above this, a measurement says something about the machine rather than about the project. */
const disturbing = 0.05;

/** Measures from now until the returned function is called; null where there is no Linux `/proc`. */
export async function watchNoise(): Promise<() => Promise<Noise | null>> {
  const begun = await take();
  return async () => {
    const ended = await take();
    if (begun === null || ended === null) return null;
    const total = Math.max(1, ended.total - begun.total);
    const own = Math.max(0, ended.own - begun.own);
    return {
      steal: (ended.steal - begun.steal) / total,
      others: Math.max(0, ended.busy - begun.busy - own) / total,
    };
  };
}

export function describeNoise(noise: Noise | null): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return noise === null
    ? "no /proc/stat"
    : `CPU steal ${percent(noise.steal)}, other processes ${percent(noise.others)}`;
}

export function isDisturbed(noise: Noise | null): boolean {
  return noise !== null && noise.steal + noise.others > disturbing;
}

/** In clock ticks. */
interface Times {
  readonly total: number;
  readonly busy: number;
  readonly steal: number;
  readonly own: number;
}

/** proc(5): the first line of /proc/stat, and fields 4 (parent) and 14 to 17 (times, with those of ended children) of each process. */
async function take(): Promise<Times | null> {
  const stat = await readFile("/proc/stat", "utf8").catch(() => null);
  if (stat === null) return null;
  const [user, nice, system, idle, iowait, irq, softirq, steal] = stat
    .slice(0, stat.indexOf("\n"))
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number) as [number, number, number, number, number, number, number, number];
  const busy = user + nice + system + irq + softirq;
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
    if (text === null) continue;
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    processes.set(Number(pid), { parent: Number(fields[1]), ticks });
  }
  let own = 0;
  for (const [pid, { ticks }] of processes) if (descends(pid, processes)) own += ticks;
  return { total: busy + idle + iowait + steal, busy, steal, own };
}

function descends(pid: number, processes: ReadonlyMap<number, { readonly parent: number }>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = processes.get(at)?.parent)
    if (at === process.pid) return true;
  return false;
}
