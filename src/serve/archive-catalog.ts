import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { Manifest } from "../core/git/manifest.ts";
import { ArchiveIndex } from "../core/opam/archive-index.ts";
import { type ArchiveSources, archiveSources, isArchive } from "../core/opam/archive-sources.ts";
import { normalizedUrl } from "../core/opam/archive-url.ts";
import type { Checksum } from "../core/opam/checksum.ts";
import { extraFilePath, packageSources, type Source } from "../core/opam/package-sources.ts";
import { opamText, parseOpam } from "../core/opam/parser.ts";
import { SyntaxFault } from "../core/opam/syntax-fault.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { ArchiveIndexes } from "./archive-indexes.ts";
import { Digests } from "./blob-digest.ts";

/** Opam files that are read for one checksum. */
const readFiles = 32;
const rememberedAnswers = 1_000;

export interface ArchiveCatalogDeps {
  /** Shared with others that read them; the catalog reads its own without. */
  readonly indexes?: ArchiveIndexes;
  readonly store: Pick<Store, "archiveIndex" | "repositories">;
  readonly openSnapshot: (repository: string) => Promise<Snapshot | null>;
  readonly slice: () => Slice;
  /** Public address of the repository, ending in `/`: relative `archive-mirrors` are below it. Null or left out: they are not known. */
  readonly address?: (repository: string) => string | null;
}

/** What opam files say of an archive, and the `archive-mirrors` (absolute URLs of caches) of the repositories they are in. */
export interface KnownArchive extends ArchiveSources {
  readonly mirrors: readonly string[];
  /** The repository's own files that opam files list with that checksum in `extra-files`, as paths of its tree. Left out: none. */
  readonly files?: readonly string[];
}

/** A source, or what `extra-files` says of a file of the tree. */
type ListedSource = Pick<Source, "urls" | "checksums"> & { readonly path: string | null };

interface Listed {
  readonly sources: readonly ListedSource[];
  readonly mirrors: readonly string[];
}

const nothing: Listed = { sources: [], mirrors: [] };

/**
 * Where archives come from and what they must match, read from the opam files of the snapshots that are served. The archive index only
 * finds these files: what it says is compared with them.
 */
export class ArchiveCatalog {
  readonly #deps: ArchiveCatalogDeps;
  readonly #indexes: ArchiveIndexes;
  /** By tree and checksum: the same tree always says the same. */
  readonly #answers = new Map<string, Promise<Listed>>();
  /** What was made of an answer. */
  readonly #decided = new WeakMap<Listed, KnownArchive>();

  constructor(deps: ArchiveCatalogDeps) {
    this.#deps = deps;
    this.#indexes = deps.indexes ?? new ArchiveIndexes(deps.store);
  }

  /**
   * Null when no opam file of the repository lists the checksum, and when none can be read (no snapshot, no archive index yet).
   * Throws `archive-unavailable` for an md5 that stands for different archives.
   */
  async sourcesOf(repository: string, checksum: Checksum): Promise<KnownArchive | null> {
    const listed = await this.#listed(repository, checksum);
    const known = this.#decided.get(listed) ?? decided(checksum, [listed]);
    if (known !== null) this.#decided.set(listed, known);
    return known;
  }

  /**
   * The bytes of the repository's own file among `known.files` that is all that `known` lists, with their digests. Null when there is none.
   * Throws `store-lost`.
   */
  async ownFile(
    repository: string,
    asked: Checksum,
    known: KnownArchive,
  ): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly sha256: string } | null> {
    const { files = [] } = known;
    const snapshot = files.length === 0 ? null : await this.#deps.openSnapshot(repository);
    for (const path of snapshot === null ? [] : files.slice(0, readFiles)) {
      const file = await snapshot?.read(path);
      if (file === undefined) continue;
      const hashing = await Digests.create(["md5", "sha256", "sha512"], this.#deps.slice());
      await hashing.update(file.bytes);
      const digests = hashing.finish();
      if (digests[asked.algorithm] === asked.hex && isArchive(known, digests))
        return { bytes: file.bytes, sha256: digests.sha256 };
    }
    return null;
  }

  /** The same in all repositories together. */
  async sourcesAnywhere(checksum: Checksum): Promise<KnownArchive | null> {
    const repositories = await this.#deps.store.repositories().catch(() => []);
    return decided(checksum, await Promise.all(repositories.map(({ name }) => this.#listed(name, checksum))));
  }

  /** A file that a repository has itself, and that is all that the opam files of all repositories list with the checksum. */
  async ownFileAnywhere(asked: Checksum): ReturnType<ArchiveCatalog["ownFile"]> {
    const known = await this.sourcesAnywhere(asked);
    if (known?.files === undefined) return null;
    for (const { name } of await this.#deps.store.repositories()) {
      const own = await this.ownFile(name, asked, known);
      if (own !== null) return own;
    }
    return null;
  }

  /**
   * The archive that opam files mean by a URL, however it is written: a repository that names it, and a checksum. Null when none does.
   * Throws `forbidden` where it has no checksum, and `archive-unavailable` where it stands for different archives.
   */
  async archiveAt(url: string): Promise<{ readonly repository: string; readonly checksum: Checksum } | null> {
    const normalized = normalizedUrl(url);
    if (normalized === null) return null;
    for (const { name } of await this.#deps.store.repositories().catch(() => [])) {
      const sources = await this.#naming(name, normalized).catch(() => []);
      if (sources.length === 0) continue;
      const checksums = new Map(
        sources.flatMap((source) => source.checksums.map((one) => [`${one.algorithm}=${one.hex}`, one] as const)),
      );
      for (const algorithm of ["sha512", "sha256", "md5"] as const) {
        const [checksum, ...others] = [...checksums.values()].filter((one) => one.algorithm === algorithm);
        if (checksum === undefined) continue;
        if (others.length === 0) return { repository: name, checksum };
        const tried = ["none, because opam files list different checksums for it"];
        throw new MirrorError("archive-unavailable", { checksum: normalized, tried });
      }
      throw new MirrorError("forbidden", { reason: `no opam file lists a checksum for ${normalized}` });
    }
    return null;
  }

  async #naming(repository: string, url: string): Promise<readonly ListedSource[]> {
    const snapshot = await this.#deps.openSnapshot(repository);
    const index = snapshot && (await this.#indexes.of(snapshot.record.tree));
    if (index === null) return [];
    const ranks = new ArchiveIndex(index.tables).filesOfUrl(url, readFiles);
    const named = (source: ListedSource) => source.urls.some((one) => normalizedUrl(one) === url);
    return (await this.#sourcesOf(snapshot!, ranks)).filter(named);
  }

  /** A store that fails is told by those who serve from it; here it is one that knows nothing. */
  async #listed(repository: string, checksum: Checksum): Promise<Listed> {
    try {
      const snapshot = await this.#deps.openSnapshot(repository);
      if (snapshot === null) return nothing;
      const index = await this.#indexes.of(snapshot.record.tree);
      if (index === null) return nothing;
      const key = `${snapshot.record.tree} ${checksum.algorithm}=${checksum.hex}`;
      let answer = this.#answers.get(key);
      if (answer === undefined) {
        answer = this.#read(snapshot, new ArchiveIndex(index.tables), checksum, index.mirrors);
        if (this.#answers.size >= rememberedAnswers) this.#answers.clear();
        this.#answers.set(key, answer);
        answer.catch(() => this.#answers.delete(key));
      }
      const listed = await answer;
      const mirrors = absolute(listed.mirrors, this.#deps.address?.(repository) ?? null);
      const { length } = mirrors;
      const isSame = length === listed.mirrors.length && mirrors.every((mirror, i) => mirror === listed.mirrors[i]);
      return isSame ? listed : { ...listed, mirrors };
    } catch {
      return nothing;
    }
  }

  async #read(
    snapshot: Snapshot,
    index: ArchiveIndex,
    checksum: Checksum,
    mirrors: readonly string[],
  ): Promise<Listed> {
    const sources = await this.#sourcesOf(snapshot, index.filesOfChecksum(checksum, readFiles));
    return sources.some(({ checksums }) => lists(checksums, checksum)) ? { sources, mirrors } : nothing;
  }

  async #sourcesOf(snapshot: Snapshot, ranks: readonly number[]): Promise<readonly ListedSource[]> {
    const slice = this.#deps.slice();
    const manifest = new Manifest(snapshot.record.manifest);
    const sources: ListedSource[] = [];
    for (const rank of ranks) {
      const path = manifest.path(rank);
      const file = await snapshot.read(path);
      if (file !== undefined) sources.push(...sourcesIn(path, file.bytes));
      if (slice.due()) await slice.pause();
    }
    return sources;
  }
}

function decided(checksum: Checksum, listed: readonly Listed[]): KnownArchive | null {
  const sources = archiveSources(
    checksum,
    listed.flatMap((each) => each.sources),
  );
  if (sources === null) return null;
  if (sources === "conflict") {
    const tried = ["none, because opam files list different checksums with it"];
    throw new MirrorError("archive-unavailable", { checksum: `${checksum.algorithm}=${checksum.hex}`, tried });
  }
  const files = listed
    .flatMap((each) => each.sources)
    .flatMap(({ path, checksums }) => (path !== null && lists(checksums, checksum) ? [path] : []));
  const known = { ...sources, mirrors: [...new Set(listed.flatMap(({ mirrors }) => mirrors))] };
  return files.length === 0 ? known : { ...known, files: [...new Set(files)] };
}

function lists(checksums: readonly Checksum[], asked: Checksum): boolean {
  return checksums.some(({ algorithm, hex }) => algorithm === asked.algorithm && hex === asked.hex);
}

/** A file that cannot be parsed is reported by the index, and names nothing. */
function sourcesIn(path: string, bytes: Uint8Array): readonly ListedSource[] {
  try {
    const { sources, extraFiles } = packageSources(parseOpam(opamText(bytes)));
    return [
      ...sources.map(({ urls, checksums }) => ({ urls, checksums, path: null })),
      ...extraFiles.map(({ file, checksums }) => ({ urls: [], checksums, path: extraFilePath(path, file) })),
    ];
  } catch (thrown) {
    if (thrown instanceof SyntaxFault) return [];
    throw thrown;
  }
}

function absolute(mirrors: readonly string[], base: string | null): readonly string[] {
  return mirrors.flatMap((mirror) => {
    if (/^https?:\/\//i.test(mirror)) return [mirror];
    // As opam joins them: a path below the repository. Everything else has a scheme that is not fetched.
    if (base === null || /^[a-z][a-z0-9+.-]*:/i.test(mirror) || !URL.canParse(mirror, base)) return [];
    return [new URL(mirror.replace(/^\/+/, ""), base).href];
  });
}
