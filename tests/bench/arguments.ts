import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BenchOptions, type Experiment, parts } from "./bench.ts";

export interface Wanted {
  readonly experiments: readonly Experiment[];
  readonly options: BenchOptions;
  /** Files to write, or null. */
  readonly json: string | null;
  readonly docs: string | null;
}

export function usage(experiments: readonly Experiment[]): string {
  return `usage: npm run bench -- [--only PART|ROW]… [--runs N] [--json FILE] [--docs FILE] [--plot FILE] [--profile FOLDER]
parts: ${parts.join(", ")}
rows: ${experiments.flatMap(({ ids }) => ids).join(", ")}`;
}

/** Null when the arguments are not understood. */
export function readArguments(args: readonly string[], experiments: readonly Experiment[]): Wanted | null {
  const values = parse(args);
  if (values === null) return null;
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) return null;
  const only = values.only.flatMap((text) => text.split(/[,|]/));
  const matches = ({ part, ids }: Experiment, name: string) => part === name || ids.includes(name);
  if (only.some((name) => !experiments.some((experiment) => matches(experiment, name)))) return null;
  const path = (value: string | undefined) => (value === undefined ? null : resolve(value));
  return {
    experiments: experiments.filter((one) => only.length === 0 || only.some((name) => matches(one, name))),
    options: { runs, profiles: path(values.profile), plot: path(values.plot) },
    json: path(values.json),
    docs: path(values.docs),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        runs: { type: "string", default: "5" },
        json: { type: "string" },
        docs: { type: "string" },
        plot: { type: "string" },
        profile: { type: "string" },
      },
    }).values;
  } catch {
    return null;
  }
}
