import { normalizedUrl } from "./archive-url.ts";
import type { Checksum, ChecksumAlgorithm } from "./checksum.ts";
import type { Source } from "./package-sources.ts";

/** What opam files say of the archive that a checksum stands for. */
export interface ArchiveSources {
  /**
   * Bytes are that archive when every checksum of one of these lists matches. One list for an md5, of all that any opam file lists with
   * it; for a strong checksum one list of each kind, since its bytes are the same, whatever else a wrong file says of them.
   */
  readonly alternatives: readonly (readonly Checksum[])[];
  /** Without duplicates: of each section `src`, then `mirrors` as declared. http and https only. */
  readonly urls: readonly string[];
  /** Nothing but an md5 is listed. */
  readonly weak: boolean;
}

/** Null when no source lists the checksum; `conflict` when it is an md5 that stands for different archives, or no bytes can match. */
export function archiveSources(
  asked: Checksum,
  sources: readonly Pick<Source, "urls" | "checksums">[],
): ArchiveSources | "conflict" | null {
  const listing = sources.filter(({ checksums }) => checksums.some((checksum) => equal(checksum, asked)));
  if (listing.length === 0) return null;
  const lists = new Map<string, readonly Checksum[]>();
  if (asked.algorithm === "md5") addList(lists, distinct(listing.flatMap(({ checksums }) => checksums)));
  else for (const { checksums } of listing) addList(lists, checksums);
  const alternatives = [...lists.values()];
  if (alternatives.length === 0) return "conflict";
  const urls = new Map<string, string>();
  for (const url of listing.flatMap((source) => source.urls)) {
    const normalized = normalizedUrl(url);
    if (normalized !== null && !urls.has(normalized)) urls.set(normalized, url);
  }
  const weak = alternatives.every((list) => list.every(({ algorithm }) => algorithm === "md5"));
  return { alternatives, urls: [...urls.values()], weak };
}

/** Whether bytes with those digests (lower-case hexadecimal) are the archive. */
export function isArchive(
  { alternatives }: ArchiveSources,
  digests: Readonly<Record<ChecksumAlgorithm, string>>,
): boolean {
  return alternatives.some((list) => list.every(({ algorithm, hex }) => digests[algorithm] === hex));
}

/** Leaves out a list with two checksums of one algorithm: nothing has both. */
function addList(lists: Map<string, readonly Checksum[]>, list: readonly Checksum[]): void {
  if (new Set(list.map(({ algorithm }) => algorithm)).size < list.length) return;
  const key = list.map(({ hex }) => hex).sort();
  lists.set(key.join(" "), list);
}

function distinct(checksums: readonly Checksum[]): readonly Checksum[] {
  return checksums.filter((checksum, i) => checksums.findIndex((other) => equal(other, checksum)) === i);
}

function equal(a: Checksum, b: Checksum): boolean {
  return a.algorithm === b.algorithm && a.hex === b.hex;
}
