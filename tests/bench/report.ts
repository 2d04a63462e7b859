import { readFile, writeFile } from "node:fs/promises";
import type { Noise } from "../support/machine-noise.ts";
import type { Machine } from "./machine.ts";
import { type Row, rowCells } from "./row.ts";
import type { Subject } from "./subject.ts";

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  /** ISO 8601, when the first run began. */
  readonly date: string;
  readonly browser: string;
  readonly subject: Pick<Subject, "name" | "commit" | "objects" | "packBytes">;
  readonly runs: number;
  /** Runs repeated because of stolen time, and the shares of processor time that were not ours. */
  readonly disturbances: { readonly repeatedRuns: number; readonly noise: Noise | null };
  readonly rows: readonly Row[];
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
  readonly failed: readonly { readonly ids: readonly string[]; readonly error: string }[];
}

/** `processor, 2 processors, …`: where the figures come from. */
export function machineLine({ machine, browser }: Pick<Report, "machine" | "browser">): string {
  const { processor, processors, system, node, git } = machine;
  return `${processor}, ${processors} processors, ${system}, Node ${node}, Git ${git}, ${browser}`;
}

export function subjectLine({ subject, runs }: Pick<Report, "subject" | "runs">): string {
  const { name, objects, packBytes } = subject;
  return `${name}: ${objects} objects, pack of ${packBytes} bytes; ${runs} runs`;
}

/** `12 of 14 budgets hold; …` */
export function closingLine({ rows, disturbances }: Report): string {
  const judged = rows.filter(({ holds }) => holds !== null);
  const { repeatedRuns, noise } = disturbances;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const shares =
    noise === null ? "" : ` (${percent(noise.steal)} on the whole); other processes took ${percent(noise.others)}`;
  return `${judged.filter(({ holds }) => holds).length} of ${judged.length} budgets hold; ${repeatedRuns} runs were repeated because of stolen processor time${shares}`;
}

const begin = "<!-- bench: written by npm run bench -- --docs -->";
const end = "<!-- /bench -->";

/** Puts the table between the marks in a document. Throws when the marks are not there. */
export async function writeDocs(file: string, report: Report): Promise<void> {
  const text = await readFile(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no lines "${begin}" and "${end}".`);
  const table = `${begin}\n\n${markdown(report)}\n\n`;
  await writeFile(file, text.slice(0, from) + table + text.slice(to));
}

function markdown(report: Report): string {
  const lines = report.rows.map((row) => {
    const { about, ...cells } = rowCells(row);
    return `| ${[`\`${cells.id}\``, cells.value, cells.peer, cells.ratio, cells.budget, cells.holds, about].join(" | ")} |`;
  });
  return [
    `${machineLine(report)}; ${report.date.slice(0, 10)}.`,
    `${subjectLine(report)}.`,
    "",
    "| row | value | peer | ratio | budget | holds | |",
    "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ...lines,
    "",
    `${closingLine(report)}.`,
  ].join("\n");
}
