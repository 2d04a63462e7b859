import { isKeepable } from "../sync/keeping-order.ts";
import { OperatorError } from "./operator-error.ts";
import type { KeepOption } from "./options.ts";

const units: ReadonlyMap<string, number> = new Map([
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["MIB", 2 ** 20],
  ["GIB", 2 ** 30],
  ["TIB", 2 ** 40],
]);

/** One `--keep [NAME=]all|PACKAGE|PACKAGE.VERSION`. Throws an OperatorError for anything else. */
export function parseKeep(text: string): KeepOption {
  const [, name = null, what = ""] = /^(?:([^=]*)=)?(.*)$/.exec(text) ?? [];
  if (what === "all") return { repository: name, what: "*" };
  if (what === "*" || !isKeepable(what))
    throw new OperatorError("usage", `--keep ${text}: it names no package. Give all, a name, or name.version.`);
  return { repository: name, what };
}

/** Bytes of an `--archive-limit`. Throws an OperatorError for what is no size, or too small to be meant. */
export function parseSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? [];
  const bytes = Number(number) * (units.get(unit.toUpperCase()) ?? Number.NaN);
  if (!(bytes >= 1e6))
    throw new OperatorError("usage", `--archive-limit ${text}: it is no size. Give one like 500MB or 20GB.`);
  return Math.round(bytes);
}

/** Throws an OperatorError for what cannot be kept by this gateway. */
export function assertKeepable(
  keep: readonly KeepOption[],
  names: readonly string[],
  { skipDownload, mirror }: { readonly skipDownload?: boolean; readonly mirror?: boolean },
): void {
  if (keep.length === 0) return;
  const other = skipDownload === true ? "--skip-download" : mirror === false ? "--no-mirror" : null;
  if (other !== null)
    throw new OperatorError(
      "usage",
      `--keep was given with ${other}, which leaves nothing to be kept. Drop one of them.`,
    );
  for (const { repository } of keep) {
    if (repository !== null && !names.includes(repository))
      throw new OperatorError(
        "usage",
        `--keep ${repository}=…: there is no repository "${repository}". Known are: ${names.join(", ")}.`,
      );
  }
}
