import { type Field, type Item, parseItems } from "./items.ts";
import { SyntaxFault, stringValue, type Token } from "./lexer.ts";

export interface RepoFileFacts {
  /** Hex commit: becomes `stamp`. */
  readonly commit: string;
  /** The address of the Git repository: becomes `upstream` where the file names none. */
  readonly remote: string;
}

export interface RepoFile {
  /** The rewritten file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** First address of upstream's `redirect`, which is not passed on: clients would leave this mirror. */
  readonly redirect: string | null;
  /** Why upstream's file was replaced by a minimal one, or null. */
  readonly error: string | null;
}

/** Larger `repo` files are not read: upstream's has about 2 KB, and parsing is one step that nothing can interrupt. */
const sizeLimit = 1024 * 1024;

/** Fields that this mirror sets itself. */
const replaced: ReadonlySet<string> = new Set(["stamp", "archive-mirrors", "redirect"]);

/**
 * The `repo` file that this mirror serves: upstream's text with `stamp` and `archive-mirrors` set, `redirect` removed,
 * `upstream` and `opam-version` added where missing. Everything else keeps its text, comments included. Of a field
 * that occurs twice the first is kept, as opam does (it ignores the others with a warning). Never throws on content.
 */
export function rewriteRepoFile(original: Uint8Array | null, facts: RepoFileFacts): RepoFile {
  if (original === null) return { bytes: render(new Uint8Array(0), [], facts), redirect: null, error: null };
  try {
    if (original.length > sizeLimit) throw new SyntaxFault(original, 0, `larger than ${sizeLimit} bytes`);
    const items = parseItems(original);
    return { bytes: render(original, items, facts), redirect: redirectOf(original, items), error: null };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxFault)) throw thrown;
    return { bytes: render(new Uint8Array(0), [], facts), redirect: null, error: thrown.message };
  }
}

function render(original: Uint8Array, items: readonly Item[], facts: RepoFileFacts): Uint8Array<ArrayBuffer> {
  const seen = new Map<string, Field>();
  const cuts: { start: number; end: number }[] = [];
  for (const item of items) {
    if (item.kind !== "field") continue;
    if (seen.has(item.name) || replaced.has(item.name)) cuts.push(lineOf(original, item));
    if (!seen.has(item.name)) seen.set(item.name, item);
  }
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  if (!seen.has("opam-version")) parts.push(encoder.encode('opam-version: "2.0"\n'));
  let from = 0;
  for (const cut of cuts) {
    parts.push(original.subarray(from, cut.start));
    from = cut.end;
  }
  parts.push(original.subarray(from));
  if (original.length > 0 && original.at(-1) !== 0x0a) parts.push(encoder.encode("\n"));
  if (!seen.has("upstream")) parts.push(encoder.encode(`upstream: ${quoted(`${facts.remote}#${facts.commit}`)}\n`));
  parts.push(encoder.encode('archive-mirrors: ["cache"'));
  const mirrors = seen.get("archive-mirrors");
  for (const element of mirrors === undefined ? [] : elements(mirrors.value)) {
    const only = element.length === 1 ? element[0]! : null;
    if (only?.kind === "string" && stringValue(original, only) === "cache") continue;
    parts.push(encoder.encode(" "), original.subarray(element[0]!.start, element.at(-1)!.end));
  }
  parts.push(encoder.encode(`]\nstamp: ${quoted(facts.commit)}\n`));
  return concat(parts);
}

/** The text of a field, with its whole lines where nothing else is on them. */
function lineOf(bytes: Uint8Array, field: Field): { start: number; end: number } {
  let start = field.start;
  while (start > 0 && (bytes[start - 1] === 0x20 || bytes[start - 1] === 0x09)) start--;
  let end = field.end;
  while (bytes[end] === 0x20 || bytes[end] === 0x09 || bytes[end] === 0x0d) end++;
  const wholeLines = (start === 0 || bytes[start - 1] === 0x0a) && (end >= bytes.length || bytes[end] === 0x0a);
  return wholeLines ? { start, end: Math.min(end + 1, bytes.length) } : { start: field.start, end: field.end };
}

/** The tokens of each element of a list value, or of the one value that stands for a list of one. */
function elements(value: readonly Token[]): readonly (readonly Token[])[] {
  const inner = isList(value) ? value.slice(1, -1) : value;
  const found: Token[][] = [];
  let current: Token[] | null = null;
  let depth = 0;
  let joined = false;
  for (const token of inner) {
    const opens = token.kind === "{" || token.kind === "[" || token.kind === "(";
    const closes = token.kind === "}" || token.kind === "]" || token.kind === ")";
    const joins = token.kind === "and" || token.kind === "or" || token.kind === "relop" || token.kind === "envop";
    // At depth 0 a new element starts with anything that neither continues nor is an option `{…}` of the one before.
    if (depth === 0 && (current === null || !(joined || joins || token.kind === "{"))) {
      current = [];
      found.push(current);
    }
    current?.push(token);
    if (opens) depth++;
    if (closes) depth--;
    joined = joins || token.kind === "pfxop";
  }
  return found;
}

/** Whether the value is one list, not a list joined to something else. */
function isList(value: readonly Token[]): boolean {
  if (value[0]?.kind !== "[" || value.at(-1)?.kind !== "]") return false;
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    const kind = value[i]!.kind;
    if (kind === "[") depth++;
    if (kind === "]" && --depth === 0) return i === value.length - 1;
  }
  return false;
}

function redirectOf(bytes: Uint8Array, items: readonly Item[]): string | null {
  for (const item of items) {
    if (item.kind !== "field" || item.name !== "redirect") continue;
    const first = item.value.find((token) => token.kind === "string");
    return first === undefined ? null : stringValue(bytes, first);
  }
  return null;
}

/** A string token whose value is `text`; control characters do not belong into any field set here and are dropped. */
function quoted(text: string): string {
  let safe = "";
  for (const c of text) if (c >= " " && c !== "\x7f") safe += c === '"' || c === "\\" ? `\\${c}` : c;
  return `"${safe}"`;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
