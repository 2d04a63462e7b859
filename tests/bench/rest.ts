import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const lookMs = 100;
const looks = 5;
const busyAtMost = 0.05;
const longestMs = 6_000;
/** Where nobody tells what the processors do. */
const blindMs = 2_000;

/**
 * Waits until the processors have been idle for half a second: a browser that was just started with a new profile keeps
 * them busy for one to two seconds, which no visitor's browser does when he opens a page.
 */
export async function untilAtRest(): Promise<void> {
  let before = await times();
  if (before === null) return sleep(blindMs);
  const until = performance.now() + longestMs;
  for (let quiet = 0; quiet < looks && performance.now() < until; ) {
    await sleep(lookMs);
    const now = await times();
    if (now === null) return;
    const busy = 1 - (now.idle - before.idle) / Math.max(1, now.total - before.total);
    quiet = busy <= busyAtMost ? quiet + 1 : 0;
    before = now;
  }
}

/** In clock ticks, from the first line of /proc/stat (proc(5)); null where there is none. */
async function times(): Promise<{ idle: number; total: number } | null> {
  const stat = await readFile("/proc/stat", "utf8").catch(() => null);
  if (stat === null) return null;
  // What guests used is part of `user` already.
  const fields = stat.slice(0, stat.indexOf("\n")).trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, iowait = 0] = fields;
  return { idle: idle + iowait, total: fields.reduce((sum, ticks) => sum + ticks, 0) };
}
