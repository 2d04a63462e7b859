import { readdirSync, readFileSync } from "node:fs";

const everyMs = 20;

export interface MemoryGrowth {
  /** Bytes by which the renderer that grew most was above where it began, at its highest. */
  readonly renderer: number;
  /** The same until that many milliseconds after the first sample. */
  rendererUntil(ms: number): number;
  /** The growth of the browser process, which holds the Blobs. */
  readonly browser: number;
}

interface Watched {
  readonly pid: number;
  readonly first: number;
  readonly samples: { readonly at: number; readonly grown: number }[];
}

/** Samples the resident memory (proc(5), VmRSS) of a browser's processes; the returned function ends it. */
export function watchMemory(browserPid: number): () => MemoryGrowth {
  const watch = (pid: number): Watched => ({ pid, first: residentBytes(pid), samples: [] });
  const begun = performance.now();
  const renderers = descendants(browserPid)
    .filter((pid) => commandLine(pid).includes("--type=renderer"))
    .map(watch);
  const browser = watch(browserPid);
  const look = () => {
    const at = performance.now() - begun;
    for (const { pid, first, samples } of [...renderers, browser]) {
      samples.push({ at, grown: residentBytes(pid) - first });
    }
  };
  const timer = setInterval(look, everyMs);
  const highest = ({ samples }: Watched, until: number) =>
    Math.max(0, ...samples.filter(({ at }) => at <= until).map(({ grown }) => grown));
  return () => {
    clearInterval(timer);
    look();
    const rendererUntil = (ms: number) => Math.max(0, ...renderers.map((one) => highest(one, ms)));
    return { renderer: rendererUntil(Infinity), rendererUntil, browser: highest(browser, Infinity) };
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
