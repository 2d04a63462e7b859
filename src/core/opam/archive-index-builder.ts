import type { Slice } from "../cooperation/slice.ts";
import { ArchiveIndex, archivesWord, sectionFlags } from "./archive-index.ts";
import { checksumKey, urlKey } from "./archive-key.ts";
import type { ArchiveProblem, ArchiveProblemKind } from "./archive-problem.ts";
import { ArchiveRows, type RowsBefore } from "./archive-rows.ts";
import { surveyOf } from "./archive-survey.ts";
import { normalizedUrl } from "./archive-url.ts";
import type { Checksum } from "./checksum.ts";
import type { ExtraFile, Source } from "./package-sources.ts";
import { SourceScanner } from "./source-scanner.ts";
import { SyntaxFault } from "./syntax-fault.ts";

/** Larger opam files are not read: parsing one is a step that nothing can interrupt. The largest real one has 24 KB. */
const fileBytes = 256 * 1024;
/** In the order of the columns of a row. */
const algorithms = ["md5", "sha256", "sha512"] as const;
/** Problems that are listed. */
const listedProblems = 1_000;

export interface BuiltArchiveIndex {
  readonly tables: ArrayBuffer;
  /** By path, at most a thousand. */
  readonly problems: readonly ArchiveProblem[];
}

/** What an update builds upon. */
export interface IndexBefore extends RowsBefore {
  readonly problems: readonly ArchiveProblem[];
  /** Whether the file at that path did not change. */
  readonly kept: (path: string) => boolean;
}

/** Gathers what opam files name and makes the archive index of it. No broken file keeps others from being indexed. */
export class ArchiveIndexBuilder {
  readonly #rows = new ArchiveRows();
  readonly #scanner = new SourceScanner();
  readonly #problems: ArchiveProblem[] = [];
  readonly #before: RowsBefore | null;
  readonly #extraFiles: { readonly path: string; readonly listed: ExtraFile }[] = [];

  /** `before`: takes over what did not change. */
  constructor(before: IndexBefore | null = null) {
    this.#before = before;
    for (const problem of before?.problems ?? []) {
      // Conflicts are looked for among all.
      if (problem.kind !== "conflict" && before?.kept(problem.path)) this.#problems.push(problem);
    }
  }

  /** The opam file at `path`, which is the manifest's `rank`. Never throws on content. */
  add(rank: number, path: string, bytes: Uint8Array): void {
    try {
      if (bytes.length > fileBytes) throw new SyntaxFault("", 0, `larger than ${fileBytes} bytes`);
      const { sources, available, extraFiles } = this.#scanner.read(bytes);
      for (const source of sources) this.#add(rank, path, source, available);
      for (const listed of extraFiles) this.#addFile(rank, path, listed);
    } catch (thrown) {
      if (!(thrown instanceof SyntaxFault)) throw thrown;
      this.#report("parse", path, thrown.message);
    }
  }

  /** What the opam files that were added list of `files` folders, to be compared with them. */
  get extraFiles(): readonly { readonly path: string; readonly listed: ExtraFile }[] {
    return this.#extraFiles;
  }

  /** A listed file of the opam file at `path` is not what it should be. */
  wrongFile(path: string, message: string): void {
    this.#report("extra-file", path, message);
  }

  /** `pathOf`: path of a rank, for the report. */
  async finish(pathOf: (rank: number) => string, slice: Slice): Promise<BuiltArchiveIndex> {
    const tables = await this.#rows.table(this.#before, slice);
    const { archives, conflicts } = await surveyOf(new ArchiveIndex(tables), pathOf, slice);
    new Uint32Array(tables)[archivesWord] = archives;
    const problems = [...this.#problems, ...conflicts].slice(0, listedProblems);
    // The report does not tell whether the index was updated or made at once.
    problems.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return { tables, problems };
  }

  #add(rank: number, path: string, source: Source, available: boolean): void {
    const { kind, urls, checksums, malformed } = source;
    const what = source.file === null ? source.section : `${source.section} "${source.file}"`;
    for (const text of malformed) this.#report("malformed-checksum", path, `${what}: "${text}" is no checksum`);
    if (kind === "vcs" || kind === "local") {
      this.#report("not-an-archive", path, `${what}: its address is not one of a file that can be mirrored`);
    } else if (checksums.length === 0) this.#report("no-checksum", path, `${what} has no checksum`);
    else if (checksums.every(({ algorithm }) => algorithm === "md5")) {
      this.#report("weak-checksum", path, `${what} has no other checksum than md5`);
    }
    if (checksums.length + urls.length === 0) return;
    const keys = checksums.map(checksumKey);
    let first = 0;
    for (const url of urls) {
      const normalized = normalizedUrl(url);
      if (normalized === null) continue;
      const key = urlKey(normalized);
      if (keys.length === checksums.length && kind === "archive") first = key.high;
      keys.push(key);
    }
    const flags = (available ? 0 : sectionFlags.unavailable) | (source.section === "url" ? 0 : sectionFlags.extra);
    const [md5, sha256, sha512] = digits(checksums);
    if (!this.#rows.add([rank, md5, sha256, sha512, first, flags], keys)) this.#noRoom(path, what);
  }

  #addFile(rank: number, path: string, listed: ExtraFile): void {
    const { file, checksums } = listed;
    if (checksums.length === 0) return;
    this.#extraFiles.push({ path, listed });
    const added = this.#rows.add([rank, ...digits(checksums), 0, sectionFlags.file], checksums.map(checksumKey));
    if (!added) this.#noRoom(path, `extra-files "${file}"`);
  }

  #noRoom(path: string, what: string): void {
    this.#report("parse", path, `${what}: there is no room left for it in the archive index`);
  }

  #report(kind: ArchiveProblemKind, path: string, message: string): void {
    if (this.#problems.length < listedProblems) this.#problems.push({ kind, path, message });
  }
}

/** The first 32 bits of each, 0 where none is listed. */
function digits(checksums: readonly Checksum[]): [md5: number, sha256: number, sha512: number] {
  const found: [number, number, number] = [0, 0, 0];
  for (const { algorithm, hex } of checksums) {
    const column = algorithms.indexOf(algorithm);
    if (found[column] === 0) found[column] = Number.parseInt(hex.slice(0, 8), 16);
  }
  return found;
}
