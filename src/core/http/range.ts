/** Positions are bytes; `last` is inclusive, as in Content-Range. */
export type RangeAnswer =
  | { readonly type: "whole" }
  | { readonly type: "part"; readonly first: number; readonly last: number }
  | { readonly type: "unsatisfiable" };

const whole: RangeAnswer = { type: "whole" };

/**
 * What a Range field of a GET asks of a representation of `size` bytes (RFC 9110 §14.2). Unknown units, invalid
 * specifiers and sets of several ranges are answered with the whole, as §14.2 allows; so is a suffix of an empty
 * representation, for which no Content-Range can be written.
 */
export function parseRange(text: string | null, size: number): RangeAnswer {
  if (text === null) return whole;
  const set = /^bytes=(.*)$/i.exec(text.trim())?.[1] ?? "";
  const specifiers = set
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const match = specifiers.length === 1 ? /^(\d*)-(\d*)$/.exec(specifiers[0]!) : null;
  if (match === null) return whole;
  const [first, last] = [match[1]!, match[2]!];
  if (first === "") {
    if (last === "") return whole;
    const length = Number(last);
    if (length === 0) return { type: "unsatisfiable" };
    return size === 0 ? whole : { type: "part", first: Math.max(0, size - length), last: size - 1 };
  }
  const from = Number(first);
  const to = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (to < from) return whole;
  if (from >= size) return { type: "unsatisfiable" };
  return { type: "part", first: from, last: Math.min(to, size - 1) };
}

/** Value of Content-Range for a 206. */
export function contentRange(first: number, last: number, size: number): string {
  return `bytes ${first}-${last}/${size}`;
}

/** Value of Content-Range for a 416. */
export function unsatisfiedRange(size: number): string {
  return `bytes */${size}`;
}
