import { opamText, parseOpam } from "./parser.ts";
import { stringLiteral } from "./string-literal.ts";
import { SyntaxFault } from "./syntax-fault.ts";
import type { Field, Item, Value } from "./syntax-tree.ts";

export interface RepoFileFacts {
  /** Hex commit: becomes `stamp`. */
  readonly commit: string;
  /** The address of the Git repository: becomes `upstream` where the file names none. */
  readonly remote: string;
  /** Advertised behind our own cache and before upstream's mirrors. */
  readonly archiveMirrors?: readonly string[] | undefined;
}

export interface RepoFile {
  /** The rewritten file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** First address of upstream's `redirect`, which is not passed on: clients would leave this mirror. */
  readonly redirect: string | null;
  /** The strings of upstream's `archive-mirrors`. */
  readonly archiveMirrors: readonly string[];
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
  try {
    if ((original?.length ?? 0) > sizeLimit) throw new SyntaxFault("", 0, `larger than ${sizeLimit} bytes`);
    const text = original === null ? "" : byteText(original);
    const items = parseOpam(text);
    return {
      bytes: bytesOf(render(text, items, facts)),
      redirect: stringsOf(firstField(items, "redirect"))[0] ?? null,
      archiveMirrors: stringsOf(firstField(items, "archive-mirrors")),
      error: null,
    };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxFault)) throw thrown;
    return { bytes: bytesOf(render("", [], facts)), redirect: null, archiveMirrors: [], error: thrown.message };
  }
}

function render(original: string, items: readonly Item[], facts: RepoFileFacts): string {
  const seen = new Map<string, Field>();
  const cuts: { start: number; end: number }[] = [];
  for (const item of items) {
    if (item.kind !== "field") continue;
    if (seen.has(item.name) || replaced.has(item.name)) cuts.push(lineOf(original, item));
    if (!seen.has(item.name)) seen.set(item.name, item);
  }
  let text = seen.has("opam-version") ? "" : 'opam-version: "2.0"\n';
  let from = 0;
  for (const cut of cuts) {
    text += original.slice(from, cut.start);
    from = cut.end;
  }
  text += original.slice(from);
  if (original !== "" && !original.endsWith("\n")) text += "\n";
  if (!seen.has("upstream")) text += `upstream: ${quoted(`${facts.remote}#${facts.commit}`)}\n`;
  text += 'archive-mirrors: ["cache"';
  for (const mirror of facts.archiveMirrors ?? []) text += ` ${quoted(mirror)}`;
  for (const mirror of elements(seen.get("archive-mirrors"))) {
    // An operator would take what stands before it for its operand: nothing but strings is passed on, with their options.
    const { kind } = mirror.kind === "option" ? mirror.value : mirror;
    const isOurs = mirror.kind === "string" && mirror.value === "cache";
    if (kind === "string" && !isOurs) text += ` ${original.slice(mirror.start, mirror.end)}`;
  }
  return `${text}]\nstamp: ${quoted(facts.commit)}\n`;
}

/** The text of a field, with its whole lines where nothing else is on them. */
function lineOf(text: string, field: Field): { start: number; end: number } {
  let { start, end } = field;
  while (start > 0 && (text[start - 1] === " " || text[start - 1] === "\t")) start--;
  while (text[end] === " " || text[end] === "\t" || text[end] === "\r") end++;
  const wholeLines = (start === 0 || text[start - 1] === "\n") && (end >= text.length || text[end] === "\n");
  return wholeLines ? { start, end: Math.min(end + 1, text.length) } : { start: field.start, end: field.end };
}

function firstField(items: readonly Item[], name: string): Field | undefined {
  return items.find((item) => item.kind === "field" && item.name === name) as Field | undefined;
}

/** The elements of a list value, or the one value that stands for a list of one. */
function elements(field: Field | undefined): readonly Value[] {
  if (field === undefined) return [];
  return field.value.kind === "list" ? field.value.items : [field.value];
}

/** The strings among the elements, without their options. */
function stringsOf(field: Field | undefined): string[] {
  return elements(field).flatMap((element) => {
    const value = element.kind === "option" ? element.value : element;
    return value.kind === "string" ? [opamText(bytesOf(value.value))] : [];
  });
}

/** A literal whose value is `text`; control characters do not belong into any field set here and are dropped. */
function quoted(text: string): string {
  let safe = "";
  for (const c of text) if (c >= " " && c !== "\x7f") safe += c;
  return byteText(new TextEncoder().encode(stringLiteral(safe)));
}

/** One character for each byte: what is not UTF-8 stays as it is. */
function byteText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
