import { readFileSync } from "node:fs";

/** What the machine's processors did over a while: shares of all their time. */
export interface CpuShares {
  /** Taken away by the hypervisor. */
  readonly stolen: number;
  /** Spent by anybody, this benchmark included. */
  readonly busy: number;
}

/** Starts to watch; the returned function tells the shares since then. Zeros where there is no /proc/stat. */
export function watchCpu(): () => CpuShares {
  const before = read();
  return () => {
    const after = read();
    if (before === null || after === null) return { stolen: 0, busy: 0 };
    const total = after.total - before.total;
    if (total === 0) return { stolen: 0, busy: 0 };
    return { stolen: (after.steal - before.steal) / total, busy: 1 - (after.idle - before.idle) / total };
  };
}

/** Of proc(5), /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice, in ticks. */
function read(): { total: number; idle: number; steal: number } | null {
  try {
    const [line] = readFileSync("/proc/stat", "utf8").split("\n");
    const ticks = (line ?? "").trim().split(/\s+/).slice(1, 9).map(Number);
    return {
      total: ticks.reduce((sum, value) => sum + value, 0),
      idle: (ticks[3] ?? 0) + (ticks[4] ?? 0),
      steal: ticks[7] ?? 0,
    };
  } catch {
    return null;
  }
}
