import { readdirSync, readFileSync } from "node:fs";

const everyMs = 20;

export interface MemoryGrowth {
  /** Bytes by which the renderer that grew most was above where it began, at its highest. */
  readonly renderer: number;
  /** The same of the browser process, which holds the Blobs. */
  readonly browser: number;
}

/** Samples the resident memory (proc(5), VmRSS) of a browser's processes; the returned function ends it. */
export function watchMemory(browserPid: number): () => MemoryGrowth {
  const watched = descendants(browserPid)
    .filter((pid) => commandLine(pid).includes("--type=renderer"))
    .concat(browserPid)
    .map((pid) => ({ pid, first: residentBytes(pid), highest: 0 }));
  const look = () => {
    for (const one of watched) one.highest = Math.max(one.highest, residentBytes(one.pid) - one.first);
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
    const browser = watched.pop()?.highest ?? 0;
    return { renderer: Math.max(0, ...watched.map(({ highest }) => highest)), browser };
  };
}

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The second field is the name in parentheses and may hold spaces; the parent is the second one after it.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (const queue = [pid]; queue.length > 0; ) {
    const next = children.get(queue.pop()!) ?? [];
    found.push(...next);
    queue.push(...next);
  }
  return found;
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** Empty for a process that has gone. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
