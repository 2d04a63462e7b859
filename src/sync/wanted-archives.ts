import type { Slice } from "../core/cooperation/slice.ts";
import { type ArchiveSources, archiveSources } from "../core/opam/archive-sources.ts";
import { type Checksum, parseChecksum } from "../core/opam/checksum.ts";
import type { PackageSources, Source } from "../core/opam/package-sources.ts";
import { SourceScanner } from "../core/opam/source-scanner.ts";
import { SyntaxFault } from "../core/opam/syntax-fault.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";

/** An archive that is to be kept. */
export interface WantedArchive extends ArchiveSources {
  /** Its strongest checksum as opam writes it. */
  readonly key: string;
  readonly checksum: Checksum;
  readonly repository: string;
  /** A package version that names it, and the file where it is not the package's source. */
  readonly label: string;
}

interface Gathered {
  readonly checksum: Checksum;
  readonly label: string;
  readonly sources: Source[];
}

const opamFile = /(?:^|\/)([^/.]+)\.([^/]+)\/opam$/;
const strongest = ["sha512", "sha256", "md5"] as const;

/**
 * The archives that the opam files of a snapshot name and somebody keeps: `what` holds `*`, names, `name.version`, or checksums. `*` and
 * names leave out what is not available to anybody. What has no checksum, or is no archive, cannot be kept.
 */
export async function wantedArchives(
  snapshot: Snapshot,
  what: readonly string[],
  slice: Slice,
): Promise<readonly WantedArchive[]> {
  const wanted = new Set(what);
  const sums = new Set(what.filter((text) => text.includes("=")).map((text) => checksumText(parseChecksum(text))));
  const everything = wanted.has("*");
  const gathered = new Map<string, Gathered>();
  const scanner = new SourceScanner();
  await visitOpamFiles(snapshot, everything || sums.size > 0 ? null : wanted, slice, (name, version, bytes) => {
    const named = wanted.has(`${name}.${version}`);
    const read = sourcesIn(scanner, bytes);
    const inGeneral = read.available && (everything || wanted.has(name));
    for (const source of read.sources) {
      const { checksums } = source;
      const checksum = strongest.map((kind) => checksums.find(({ algorithm }) => algorithm === kind)).find(Boolean);
      if (checksum === undefined || source.urls.length === 0) continue;
      if (!inGeneral && !named && !checksums.some((each) => sums.has(checksumText(each)))) continue;
      const key = checksumText(checksum);
      const label = `${name}.${version}${source.file === null ? "" : ` (${source.file})`}`;
      const known = gathered.get(key);
      if (known === undefined) gathered.set(key, { checksum, label, sources: [source] });
      else known.sources.push(source);
    }
  });
  return [...gathered].flatMap(([key, { checksum, label, sources }]) => {
    const found = archiveSources(checksum, sources);
    // No bytes can be what is in conflict: the report of problems tells of it.
    if (found === null || found === "conflict") return [];
    return [{ ...found, key, checksum, label, repository: snapshot.record.repository }];
  });
}

/** Opam files of the packages named, or of all. */
async function visitOpamFiles(
  snapshot: Snapshot,
  wanted: ReadonlySet<string> | null,
  slice: Slice,
  visitor: (name: string, version: string, bytes: Uint8Array) => void,
): Promise<void> {
  if (wanted === null) {
    await snapshot.visit("packages/", slice, (path, bytes) => {
      const [, name, version] = opamFile.exec(path) ?? [];
      if (name !== undefined && version !== undefined) visitor(name, version, bytes);
    });
    return;
  }
  for (const path of snapshot.paths()) {
    if (slice.due()) await slice.pause();
    const [, name, version] = opamFile.exec(path) ?? [];
    if (name === undefined || version === undefined) continue;
    if (!path.startsWith("packages/") || !(wanted.has(name) || wanted.has(`${name}.${version}`))) continue;
    const file = await snapshot.read(path);
    if (file !== undefined) visitor(name, version, file.bytes);
  }
}

/** What cannot be parsed is reported by the archive index, and names nothing. */
function sourcesIn(scanner: SourceScanner, bytes: Uint8Array): Pick<PackageSources, "sources" | "available"> {
  try {
    return scanner.read(bytes);
  } catch (thrown) {
    if (thrown instanceof SyntaxFault) return { sources: [], available: false };
    throw thrown;
  }
}

function checksumText(checksum: Checksum | null): string {
  return checksum === null ? "" : `${checksum.algorithm}=${checksum.hex}`;
}
