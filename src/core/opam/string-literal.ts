import { SyntaxFault } from "./syntax-fault.ts";

const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** End of the string literal that starts at `start` with a quote, or with three. Throws SyntaxFault. */
export function endOfString(text: string, start: number): number {
  const triple = isTriple(text, start);
  for (let i = triple ? start + 3 : start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === backslash) {
      const length = escapeLength(text, i);
      if (length === 0) throw new SyntaxFault(text, i, "an unknown escape sequence");
      i += length - 1;
    } else if (c === quote) {
      if (!triple) return i + 1;
      if (isTriple(text, i)) return i + 3;
    }
  }
  throw new SyntaxFault(text, start, "a string that is never closed");
}

/** The value of the string literal `text.slice(start, end)`: quotes removed, escapes resolved, line ends as `\n`. */
export function stringValue(text: string, start: number, end: number): string {
  const edge = end - start >= 6 && isTriple(text, start) ? 3 : 1;
  const inner = text.slice(start + edge, end - edge);
  if (inner.includes("\\")) return unescaped(inner);
  return inner.includes("\r") ? inner.replaceAll("\r\n", "\n") : inner;
}

/**
 * A literal whose value is `value`. Several lines become a literal in three quotes, as opam writes them. Control characters are
 * escaped; what is not valid UTF-16 becomes U+FFFD.
 */
export function stringLiteral(value: string): string {
  const body = value.replace(/\p{Surrogate}/gu, "\ufffd").replace(/\\|\p{Control}/gu, escaped);
  if (!body.includes("\n")) return `"${body.replaceAll('"', '\\"')}"`;
  // Two quotes in a row, or one at the end, could close the literal; blanks after an escaped line end are skipped.
  return `"""\\\n${body.replace(/"(?="|$)/g, '\\"').replace(/^ /, "\\ ")}"""`;
}

function escaped(c: string): string {
  if (c === "\\") return "\\\\";
  // An escape names a byte: beyond ASCII it would be another character.
  return c === "\n" || c > "\x7f" ? c : `\\${String(c.charCodeAt(0)).padStart(3, "0")}`;
}

function isTriple(text: string, at: number): boolean {
  return text.charCodeAt(at) === quote && text.charCodeAt(at + 1) === quote && text.charCodeAt(at + 2) === quote;
}

const simple: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ['"', '"'],
  ["'", "'"],
  [" ", " "],
  ["n", "\n"],
  ["t", "\t"],
  ["b", "\b"],
  ["r", "\r"],
]);

/** Length of the escape sequence that starts at `at`, or 0 when opam knows no such escape. */
function escapeLength(text: string, at: number): number {
  const c = text[at + 1];
  if (c === undefined) return 0;
  if (simple.has(c)) return 2;
  if (c === "\n" || (c === "\r" && text[at + 2] === "\n")) {
    let end = at + (c === "\n" ? 2 : 3);
    while (text[end] === " " || text[end] === "\t") end++;
    return end - at;
  }
  if (c === "x") return /^[0-9a-fA-F]{2}$/.test(text.slice(at + 2, at + 4)) ? 4 : 0;
  const decimal = text.slice(at + 1, at + 4);
  return /^[0-9]{3}$/.test(decimal) && Number(decimal) <= 255 ? 4 : 0;
}

function unescaped(inner: string): string {
  let value = "";
  /** Bytes that escapes name, one after another: together they may be one character in UTF-8. */
  let bytes: number[] = [];
  for (let i = 0; i < inner.length; ) {
    const c = inner.charCodeAt(i);
    if (c !== backslash) {
      value += flushed(bytes);
      bytes = [];
      if (c === carriageReturn && inner.charCodeAt(i + 1) === newline) i++;
      value += inner[i++];
      continue;
    }
    const length = escapeLength(inner, i);
    const known = simple.get(inner[i + 1]!);
    if (known !== undefined) bytes.push(known.charCodeAt(0));
    else if (inner[i + 1] === "x") bytes.push(Number.parseInt(inner.slice(i + 2, i + 4), 16));
    else if (length === 4 && inner[i + 1]! >= "0" && inner[i + 1]! <= "9")
      bytes.push(Number(inner.slice(i + 1, i + 4)));
    i += length;
  }
  return value + flushed(bytes);
}

function flushed(bytes: readonly number[]): string {
  if (bytes.length === 0) return "";
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
}
