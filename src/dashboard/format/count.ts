const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A whole number with grouped digits: `18,793`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** The count and its noun: `1 file`, `2 files`. */
export function formatNoun(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
