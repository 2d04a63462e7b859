import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { MirrorError } from "../core/errors.ts";
import { parsed } from "./files-container.ts";
import { errorCode } from "./files-failure.ts";

/** How often the holder says that it lives, and how old that may be before another machine or container is believed dead. */
const beatMs = 10_000;
const silentMs = 45_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as the system tells; a number is given to another process after a while. */
  readonly started: string | null;
  readonly token: string;
}

/** Another process keeps its store in this folder. */
export class FolderInUse extends MirrorError<"store-failed"> {
  readonly holder: string;

  constructor(holder: Holder) {
    const name = `process ${holder.pid}${holder.host === hostname() ? "" : ` on ${holder.host}`}`;
    super("store-failed", { operation: "open the folder", reason: `${name} uses it` });
    this.holder = name;
  }
}

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the folder for this process: the file `lock` says whose it is. A process that was killed leaves its lock behind; it counts for
 * nothing when no such process runs here, or when its machine has been silent. Throws FolderInUse.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, "lock");
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    token: randomUUID(),
  };
  const prepared = join(folder, `lock.${own.token}`);
  await writeFile(prepared, `${JSON.stringify(own)}\n`, { flag: "wx" });
  try {
    for (let attempt = 0; !(await linked(prepared, path)); attempt++) {
      const holder = await holderOf(path);
      if (holder === "gone") continue;
      if (attempt >= 5 || (await lives(holder, path))) throw new FolderInUse(holder);
      await removeStale(path, holder, join(folder, `lock.${randomUUID()}`));
    }
  } finally {
    await rm(prepared, { force: true });
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), beatMs);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      const holder = await holderOf(path);
      if (holder !== "gone" && holder.token === own.token) await rm(path, { force: true });
    },
  };
}

/** A link is made by one process alone, and the name never shows a file that is half written. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST") return false;
    throw thrown;
  }
}

const unreadable: Holder = { pid: 0, host: "", started: null, token: "" };

async function holderOf(path: string): Promise<Holder | "gone"> {
  try {
    const found = parsed(await readFile(path)) as Holder | undefined;
    return typeof found?.pid === "number" && typeof found.host === "string" ? found : unreadable;
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return "gone";
    throw thrown;
  }
}

async function lives(holder: Holder, path: string): Promise<boolean> {
  if (holder.pid === 0) return false;
  if (holder.host !== hostname()) {
    const beaten = await stat(path).catch(() => null);
    return beaten !== null && Date.now() - beaten.mtimeMs < silentMs;
  }
  // This process would know: its stores share one lock. It is an earlier process that had the same number.
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (thrown) {
    // EPERM: it runs, as somebody else.
    if (errorCode(thrown) !== "EPERM") return false;
  }
  return holder.started === null || holder.started === (await startOf(holder.pid));
}

/** Two processes may have found the same stale lock: only that one is removed, and not what the other has put in its place. */
async function removeStale(path: string, stale: Holder, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return;
    throw thrown;
  }
  const moved = await holderOf(aside);
  if (moved !== "gone" && moved.token !== stale.token) await linked(aside, path);
  await rm(aside, { force: true });
}

/** Start time of a process in ticks since the boot that is named; null where there is no /proc (proc(5), `stat`, field 22). */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [boot, text] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return `${boot.trim()} ${fields[19] ?? ""}`;
  } catch {
    return null;
  }
}
