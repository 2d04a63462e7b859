import { median } from "./statistics.ts";

/** One line of the table, and one element of the JSON's `rows`. */
export interface Row {
  readonly id: string;
  /** Median over the runs. */
  readonly value: number;
  readonly unit: string;
  /** What was measured beside it in the same runs. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** `value / peerValue`. */
  readonly ratio: number | null;
  /** Upper bound of what `limits` names; null in rows that are for information. */
  readonly budget: number | null;
  readonly limits: "value" | "ratio" | null;
  readonly holds: boolean | null;
  /** Every run's value, in the order of the runs. */
  readonly samples: readonly number[];
  readonly note?: string;
}

export interface RowParts {
  readonly id: string;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly peer?: { readonly name: string; readonly samples: readonly number[] };
  /** Bound of the ratio to the peer. */
  readonly atMostTimes?: number;
  /** Bound of the value. */
  readonly atMost?: number;
  /** Bound of the worst run, besides the bound of the median. */
  readonly worstAtMost?: number;
  readonly note?: string;
}

export function makeRow(parts: RowParts): Row {
  const { id, unit, samples, peer, atMostTimes, atMost, worstAtMost, note } = parts;
  const value = median(samples);
  const peerValue = peer === undefined ? null : median(peer.samples);
  const ratio = peerValue === null || peerValue === 0 ? null : value / peerValue;
  const limits = atMostTimes !== undefined ? "ratio" : atMost !== undefined ? "value" : null;
  const budget = atMostTimes ?? atMost ?? null;
  const judged = limits === "ratio" ? ratio : value;
  const worst = Math.max(...samples);
  const holds =
    budget === null ? null : judged !== null && judged <= budget && (worstAtMost === undefined || worst <= worstAtMost);
  const notes = [note, worstAtMost === undefined ? undefined : `worst ${figure(worst)} of at most ${worstAtMost}`];
  const text = notes.filter((one) => one !== undefined).join("; ");
  return {
    id,
    value: rounded(value),
    unit,
    peer: peer?.name ?? null,
    peerValue: peerValue === null ? null : rounded(peerValue),
    ratio: ratio === null ? null : rounded(ratio),
    budget: budget === null ? null : rounded(budget),
    limits,
    holds,
    samples: samples.map(rounded),
    ...(text !== "" && { note: text }),
  };
}

/** Four significant digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A row as text, for tables of any kind. */
export function rowCells(
  row: Row,
): Readonly<Record<"id" | "value" | "peer" | "ratio" | "budget" | "holds" | "about", string>> {
  const unit = row.unit === "" ? "" : ` ${row.unit}`;
  const about = [row.peer === null ? "" : `beside ${row.peer}`, row.note ?? ""];
  return {
    id: row.id,
    value: figure(row.value) + unit,
    peer: row.peerValue === null ? "" : figure(row.peerValue) + unit,
    ratio: row.ratio === null ? "" : `${figure(row.ratio)}×`,
    budget: row.budget === null ? "" : `≤ ${figure(row.budget)}${row.limits === "ratio" ? "×" : unit}`,
    holds: row.holds === null ? "" : row.holds ? "yes" : "NO",
    about: about.filter((part) => part !== "").join("; "),
  };
}

const widths = [28, 12, 12, 8, 12, 6] as const;

export function tableHead(): string {
  const head = tableRow(["row", "value", "peer", "ratio", "budget", "holds"]);
  return `${head}\n${"─".repeat(head.length)}`;
}

export function tableLine(row: Row): string {
  const { about, id, value, peer, ratio, budget, holds } = rowCells(row);
  const text = tableRow([id, value, peer, ratio, budget, holds]);
  return about === "" ? text : `${text}\n    ${about}`;
}

function tableRow(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i] ?? 0))).join("");
}
