import { type Checksum, parseChecksum } from "./checksum.ts";
import type { Field, Item, Section, Value } from "./syntax-tree.ts";

/** What a URL in an opam file is fetched with: only what is `archive` is one file with a checksum. */
export type SourceKind = "archive" | "vcs" | "local";

/** A `url` or `extra-source` section. */
export interface Source {
  readonly section: "url" | "extra-source";
  /** Name of the file that an extra source becomes; null for `url`. */
  readonly file: string | null;
  /** Of `src`; null when there is none. */
  readonly kind: SourceKind | null;
  /** `src`, then `mirrors` in declared order, as written; what is no archive is left out. */
  readonly urls: readonly string[];
  readonly checksums: readonly Checksum[];
  /** Listed checksums that opam does not know. */
  readonly malformed: readonly string[];
}

/** A file of the package's `files` folder that `extra-files` lists. */
export interface ExtraFile {
  /** Its path below that folder. */
  readonly file: string;
  readonly checksums: readonly Checksum[];
}

export interface PackageSources {
  readonly sources: readonly Source[];
  /** False for `available: false`: nobody can install it, so that it is not mirrored unasked. */
  readonly available: boolean;
  readonly extraFiles: readonly ExtraFile[];
}

/** Fields that name the source, the last two groups from opam 1.2 (opam manual, "url"). */
const sourceFields: ReadonlyMap<string, SourceKind | null> = new Map([
  ["src", null],
  ["archive", null],
  ["http", "archive"],
  ["git", "vcs"],
  ["hg", "vcs"],
  ["darcs", "vcs"],
  ["local", "local"],
]);

/** The sources that an opam file names. Of fields that occur twice the first counts, as for opam. */
export function packageSources(items: readonly Item[]): PackageSources {
  const sources: Source[] = [];
  for (const item of items) {
    if (item.kind !== "section") continue;
    if (item.name === "url" || item.name === "extra-source") sources.push(sectionSource(item));
  }
  return { sources, available: isAvailable(items), extraFiles: extraFiles(items) };
}

/** How opam would fetch that URL: the scheme decides (opam manual, "URLs"). */
export function sourceKind(url: string): SourceKind {
  if (/^(?:git|hg|darcs)(?:\+|:)/i.test(url)) return "vcs";
  return /^(?:https?|ftp):\/\//i.test(url) ? "archive" : "local";
}

function sectionSource(section: Section): Source {
  const fields = firstFields(section.items);
  return sourceOf(section.name === "url" ? "url" : "extra-source", section.label, (name) => strings(fields.get(name)));
}

/** The source of a section. `strings`: those of its first field of that name. */
export function sourceOf(
  section: Source["section"],
  label: string | null,
  strings: (field: string) => readonly string[],
): Source {
  let kind: SourceKind | null = null;
  const urls: string[] = [];
  for (const [name, given] of sourceFields) {
    const url = strings(name)[0];
    if (url === undefined) continue;
    kind = given ?? sourceKind(url);
    if (kind === "archive") urls.push(url);
    break;
  }
  for (const mirror of strings("mirrors")) if (sourceKind(mirror) === "archive") urls.push(mirror);
  const { checksums, malformed } = checksumsOf(strings("checksum"));
  return { section, file: section === "extra-source" ? label : null, kind, urls, checksums, malformed };
}

function checksumsOf(texts: readonly string[]): Pick<Source, "checksums" | "malformed"> {
  const checksums: Checksum[] = [];
  const malformed: string[] = [];
  for (const text of texts) {
    const checksum = parseChecksum(text);
    if (checksum === null) malformed.push(text.slice(0, 200));
    else if (!checksums.some((known) => known.algorithm === checksum.algorithm && known.hex === checksum.hex)) {
      checksums.push(checksum);
    }
  }
  return { checksums, malformed };
}

function isAvailable(items: readonly Item[]): boolean {
  let value = firstFields(items).get("available")?.value;
  while ((value?.kind === "list" || value?.kind === "group") && value.items.length === 1) value = value.items[0];
  return !(value?.kind === "bool" && !value.value);
}

/** `extra-files: [["name" "md5=…" …] …]`, or one pair without the outer list. */
function extraFiles(items: readonly Item[]): PackageSources["extraFiles"] {
  const value = firstFields(items).get("extra-files")?.value;
  if (value?.kind !== "list") return [];
  const pairs = value.items[0]?.kind === "string" ? [value] : value.items;
  return pairs.flatMap((pair) => {
    const [file, ...texts] = stringsIn(pair);
    return file === undefined ? [] : [{ file, checksums: checksumsOf(texts).checksums }];
  });
}

function firstFields(items: readonly Item[]): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const item of items) if (item.kind === "field" && !fields.has(item.name)) fields.set(item.name, item);
  return fields;
}

function strings(field: Field | undefined): readonly string[] {
  return field === undefined ? [] : stringsIn(field.value);
}

/** The strings of a list, or the one string that stands for a list of one; options are left out. */
function stringsIn(value: Value): readonly string[] {
  switch (value.kind) {
    case "string":
      return [value.value];
    case "option":
      return stringsIn(value.value);
    case "list":
    case "group":
      return value.items.flatMap(stringsIn);
    case "bool":
    case "int":
    case "ident":
    case "relation":
    case "constraint":
    case "logical":
    case "prefix":
    case "update":
      return [];
  }
}

/** Path of a listed file, from that of the opam file (opam manual, "Package Format"). */
export function extraFilePath(opamFile: string, file: string): string {
  return `${opamFile.slice(0, opamFile.lastIndexOf("/"))}/files/${file}`;
}
