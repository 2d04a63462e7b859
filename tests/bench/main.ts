import { rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildAppFolder } from "./app-folder.ts";
import { Bench, type BenchOptions, type Experiment, parts } from "./bench.ts";
import { Chromium } from "./chromium.ts";
import { watchCpu } from "./cpu-time.ts";
import { cooperation } from "./experiments/cooperation.ts";
import { firstAnswer } from "./experiments/first-answer.ts";
import { firstSync } from "./experiments/first-sync.ts";
import { footprint } from "./experiments/footprint.ts";
import { gap } from "./experiments/gap.ts";
import { inServiceWorker } from "./experiments/in-service-worker.ts";
import { packIndex } from "./experiments/pack-index.ts";
import { requests } from "./experiments/requests.ts";
import { scale } from "./experiments/scale.ts";
import { serving } from "./experiments/serving.ts";
import { size } from "./experiments/size.ts";
import { describeMachine } from "./machine.ts";
import { tableHead, tableLine } from "./row.ts";
import { openSite } from "./site.ts";
import { chooseSubject } from "./subject.ts";

const experiments: readonly Experiment[] = [
  packIndex,
  firstSync,
  footprint,
  firstAnswer,
  cooperation,
  gap,
  requests,
  inServiceWorker,
  serving,
  scale,
  size,
];
const usage = `usage: npm run bench -- [--only PART|ROW]… [--runs N] [--json FILE] [--plot FILE] [--profile FOLDER]
parts: ${parts.join(", ")}
rows: ${experiments.flatMap(({ ids }) => ids).join(", ")}`;

/** Measures what the arguments name and prints the table; returns the exit status. A budget that does not hold is a finding, not a failure. */
export async function main(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  if (asked === null) {
    console.error(usage);
    return 2;
  }
  const { wanted, options, json } = asked;
  const machine = await describeMachine();
  const subject = await chooseSubject();
  const browser = await chromiumVersion();
  const progress = progressLine();
  const log = { repeated: 0, mostStolen: 0, say: progress.say };
  const date = new Date().toISOString();
  console.log(
    `${machine.processor}, ${machine.processors} processors, ${machine.system}, Node ${machine.node}, Git ${machine.git}, Chromium ${browser}`,
  );
  console.log(
    `${subject.name}: ${subject.objects} objects, pack ${subject.packBytes} bytes; ${options.runs} runs\n\n${tableHead()}`,
  );
  const appFolder = await buildAppFolder(subject.packFile, options.profiles !== null);
  const bench = new Bench(options, subject, appFolder, await openSite(appFolder, subject.gitDir), log, (row) => {
    progress.clear();
    console.log(tableLine(row));
  });
  const cpu = watchCpu();
  const begun = performance.now();
  const failed: { readonly ids: readonly string[]; readonly error: string }[] = [];
  try {
    for (const experiment of wanted) {
      try {
        await experiment.measure(bench);
      } catch (thrown) {
        const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
        failed.push({ ids: experiment.ids, error });
        progress.clear();
        console.error(`${experiment.ids.join(", ")}: not measured: ${error}`);
      }
    }
  } finally {
    progress.clear();
    await bench.close();
    await rm(appFolder, { recursive: true, force: true });
  }
  const judged = bench.rows.filter(({ holds }) => holds !== null);
  const { stolen, busy } = cpu();
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    `\n${judged.filter(({ holds }) => holds).length} of ${judged.length} budgets hold; ${log.repeated} runs were repeated because of stolen processor time (${(stolen * 100).toFixed(1)} % on the whole); processors ${(busy * 100).toFixed(0)} % busy; ${seconds.toFixed(0)} s`,
  );
  for (const { id, reason } of bench.skipped) console.log(`not measured: ${id}: ${reason}`);
  if (json !== null) {
    const disturbances = {
      repeatedRuns: log.repeated,
      stolenShare: stolen,
      mostStolenInARun: log.mostStolen,
      busyShare: busy,
    };
    const { name, commit, objects, packBytes } = subject;
    const report = {
      machine,
      date,
      browser: `Chromium ${browser}`,
      subject: { name, commit, objects, packBytes },
      runs: options.runs,
      disturbances,
      rows: bench.rows,
      skipped: bench.skipped,
      failed,
    };
    await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return failed.length > 0 ? 1 : 0;
}

function readArguments(
  args: readonly string[],
): { wanted: readonly Experiment[]; options: BenchOptions; json: string | null } | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        runs: { type: "string", default: "5" },
        json: { type: "string" },
        plot: { type: "string" },
        profile: { type: "string" },
      },
    });
    const runs = Number(values.runs);
    if (!Number.isInteger(runs) || runs < 1) return null;
    const only = values.only.flatMap((text) => text.split(/[,|]/));
    const matches = ({ part, ids }: Experiment, name: string) => part === name || ids.includes(name);
    if (only.some((name) => !experiments.some((experiment) => matches(experiment, name)))) return null;
    const wanted = experiments.filter(
      (experiment) => only.length === 0 || only.some((name) => matches(experiment, name)),
    );
    const path = (value: string | undefined) => (value === undefined ? null : resolve(value));
    return {
      wanted,
      options: { runs, profiles: path(values.profile), plot: path(values.plot) },
      json: path(values.json),
    };
  } catch {
    return null;
  }
}

async function chromiumVersion(): Promise<string> {
  const chromium = await Chromium.launch();
  await chromium.close();
  return chromium.version;
}

/** A line that is overwritten, on a terminal; nothing elsewhere. */
function progressLine(): { say(line: string): void; clear(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { say: () => {}, clear: () => {} };
  const clear = () => stderr.write("\r\x1b[K");
  return { say: (line) => void (clear() && stderr.write(`  ${line}`)), clear: () => void clear() };
}
