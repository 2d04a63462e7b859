import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Tab } from "./chromium.ts";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/**
 * Writes a CPU profile of the first worker that `work` starts, or of the one that runs already, and prints where its
 * time went. Figures taken meanwhile are those of a worker under observation.
 */
export async function profileWorker<T>(tab: Tab, file: string, work: () => Promise<T>): Promise<T> {
  let worker: Pick<Tab, "send"> | null = null;
  const attached = new Promise<void>((resolve) => {
    tab.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if ((targetInfo as { type?: string }).type !== "worker" || worker !== null) return;
      worker = tab.session(String(sessionId));
      void startProfile(worker).then(resolve);
    });
  });
  await tab.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: true, flatten: true });
  const [result] = await Promise.all([work(), attached]);
  const profile = await stopProfile(worker);
  if (profile !== null) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(profile));
    console.log(summary(profile));
  }
  return result;
}

async function startProfile(worker: Pick<Tab, "send">): Promise<void> {
  await worker.send("Profiler.enable");
  await worker.send("Profiler.setSamplingInterval", { interval: 200 });
  await worker.send("Profiler.start");
  await worker.send("Runtime.runIfWaitingForDebugger");
}

async function stopProfile(worker: Pick<Tab, "send"> | null): Promise<CpuProfile | null> {
  const stopped = await worker?.send("Profiler.stop").catch(() => null);
  return (stopped?.profile as CpuProfile | undefined) ?? null;
}

/** The functions with most time of their own. */
function summary(profile: CpuProfile): string {
  const own = new Map<string, number>();
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || "(anonymous)"}:${callFrame.lineNumber + 1}`,
    ]),
  );
  let total = 0;
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id) ?? "?";
    const ms = (profile.timeDeltas[i] ?? 0) / 1000;
    if (/^\((idle|root)\)/.test(name)) continue;
    own.set(name, (own.get(name) ?? 0) + ms);
    total += ms;
  }
  const lines = [...own].sort((a, b) => b[1] - a[1]).slice(0, 24);
  return [
    `  busy for ${total.toFixed(0)} ms:`,
    ...lines.map(([name, ms]) => `  ${ms.toFixed(1).padStart(8)} ms ${name}`),
  ].join("\n");
}
