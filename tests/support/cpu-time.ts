/** Milliseconds that this process computed meanwhile: what else the machine does, and how long it lets the process wait, do not count. */
export function cpuMs(work: () => void): number {
  const started = process.cpuUsage();
  work();
  return process.cpuUsage(started).user / 1000;
}
