import { rm, writeFile } from "node:fs/promises";
import { watchNoise } from "../support/machine-noise.ts";
import { buildAppFolder } from "./app-folder.ts";
import { readArguments, usage } from "./arguments.ts";
import { Bench, type Experiment } from "./bench.ts";
import { Chromium } from "./chromium.ts";
import { archiveServing } from "./experiments/archive-serving.ts";
import { cooperation } from "./experiments/cooperation.ts";
import { firstAnswer } from "./experiments/first-answer.ts";
import { firstSync } from "./experiments/first-sync.ts";
import { footprint } from "./experiments/footprint.ts";
import { gap } from "./experiments/gap.ts";
import { inServiceWorker } from "./experiments/in-service-worker.ts";
import { node } from "./experiments/node.ts";
import { packIndex } from "./experiments/pack-index.ts";
import { requests } from "./experiments/requests.ts";
import { scale } from "./experiments/scale.ts";
import { serving } from "./experiments/serving.ts";
import { size } from "./experiments/size.ts";
import { update } from "./experiments/update.ts";
import { updateAvailability } from "./experiments/update-availability.ts";
import { describeMachine } from "./machine.ts";
import { closingLine, machineLine, type Report, subjectLine, writeDocs } from "./report.ts";
import { tableHead, tableLine } from "./row.ts";
import { openSite } from "./site.ts";
import { chooseSubject } from "./subject.ts";

const experiments: readonly Experiment[] = [
  packIndex,
  firstSync,
  update,
  footprint,
  firstAnswer,
  cooperation,
  gap,
  requests,
  updateAvailability,
  inServiceWorker,
  node,
  serving,
  archiveServing,
  scale,
  size,
];
/** Measures what the arguments name and prints the table; returns the exit status. A budget that does not hold is a finding, not a failure. */
export async function main(args: readonly string[]): Promise<number> {
  const wanted = readArguments(args, experiments);
  if (wanted === null) {
    console.error(usage(experiments));
    return 2;
  }
  const { options, json, docs } = wanted;
  const begun = performance.now();
  const [machine, subject, browser] = [await describeMachine(), await chooseSubject(), await chromiumVersion()];
  const { name, commit, objects, packBytes } = subject;
  const about = {
    machine,
    date: new Date().toISOString(),
    browser: `Chromium ${browser}`,
    subject: { name, commit, objects, packBytes },
    runs: options.runs,
  };
  console.log(`${machineLine(about)}\n${subjectLine(about)}\n\n${tableHead()}`);
  const progress = progressLine();
  const appFolder = await buildAppFolder(subject.packFile, options.profiles !== null);
  const log = { repeated: 0, say: progress.say };
  const bench = new Bench(options, subject, appFolder, await openSite(appFolder, subject.gitDir), log, (row) => {
    progress.clear();
    console.log(tableLine(row));
  });
  const noise = await watchNoise();
  const failed: Report["failed"][number][] = [];
  try {
    for (const { ids, measure } of wanted.experiments) {
      try {
        await measure(bench);
      } catch (thrown) {
        const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
        failed.push({ ids, error });
        progress.clear();
        console.error(`${ids.join(", ")}: not measured: ${error}`);
      }
    }
  } finally {
    progress.clear();
    await bench.close();
    await rm(appFolder, { recursive: true, force: true });
  }
  const { rows, skipped } = bench;
  const disturbances = { repeatedRuns: log.repeated, noise: await noise() };
  const report: Report = { ...about, disturbances, rows, skipped, failed };
  for (const { id, reason } of skipped) console.log(`${id}: not measured: ${reason}`);
  console.log(`\n${closingLine(report)}; ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  if (json !== null) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (docs !== null) await writeDocs(docs, report);
  return failed.length > 0 ? 1 : 0;
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
