import type { ArchiveProblem } from "../core/opam/archive-problem.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { LastSync } from "../protocol/status.ts";
import type { UpdateChanges } from "../protocol/updates.ts";

/**
 * Version of every record below; a change comes with a migration (record-schema.ts) and a fixture of the old form.
 * 2: snapshots list the latest updates. 3: the bytes of an archive lie aside, in pieces.
 */
export const schemaVersion = 3;

/** Key: name. Holds the snapshot pointer: the one thing that says what is served. */
export interface RepositoryRecord {
  readonly schema: number;
  readonly name: string;
  readonly config: RepositoryConfig;
  /** Id of the snapshot that is served, or null before the first. */
  readonly snapshot: string | null;
  /** Fencing epoch: grows with each leader; a publish with an older one is refused. */
  readonly epoch: number;
  readonly lastSync: LastSync | null;
  /** The branch that was resolved by the last successful discovery. */
  readonly branch: string | null;
  /** Remote or branch were configured anew since the snapshot: the ages of its commit and of the next one do not compare. */
  readonly moved?: boolean;
  /** Epoch of the last sync that came to its end, well or not: those after it run, or were interrupted. */
  readonly ended?: number;
  /** What a reader found wrong with the snapshot of that id: the next sync looks at its packs, and fetches them again if need be. */
  readonly damage?: Damage;
  readonly keeping?: Keeping;
}

/** Which archives are kept, whether or not anybody asks for them. */
export interface Keeping {
  /** `*`, names of packages, `name.version`, checksums as opam writes them. */
  readonly what: readonly string[];
  /** Like the limit below the same in all repositories: the store is one. */
  readonly paused: boolean;
  /** Bytes that all stored archives may take; null for no limit. */
  readonly limitBytes: number | null;
}

export interface Damage {
  readonly snapshot: string;
  readonly reason: string;
}

/** Key: id. Immutable once written. */
export interface SnapshotRecord {
  readonly schema: number;
  readonly id: string;
  readonly repository: string;
  readonly commit: string;
  readonly tree: string;
  readonly branch: string;
  /** Committer date, seconds since the Unix epoch. */
  readonly committedAt: number;
  /** Pack checksums (hex), in the order the manifest's pack numbers count. */
  readonly packs: readonly string[];
  /** Flat binary table: see core/git/manifest.ts. */
  readonly manifest: ArrayBuffer;
  readonly packages: number;
  readonly versions: number;
  readonly parseErrors: readonly { readonly path: string; readonly message: string }[];
  readonly redirect: string | null;
  /** What the latest updates changed, newest first; at most 20. */
  readonly updates: readonly UpdateChanges[];
  /** sha256 (hex) over all of the above: a damaged record is found when it is opened. */
  readonly digest: string;
}

/** Key: pack checksum (hex of the pack's SHA-1 trailer). */
export interface PackRecord {
  readonly schema: number;
  readonly key: string;
  readonly pack: Blob;
  readonly idx: Blob;
}

/** Key: snapshot id. */
export interface TarballRecord {
  readonly schema: number;
  readonly snapshot: string;
  readonly bytes: Blob;
  /** Hex sha256 of the bytes: the ETag. */
  readonly sha256: string;
}

/** Key: hex oid of the root tree, so that it outlives the packs of a snapshot. Can be made again from any snapshot of that tree. */
export interface ArchiveIndexRecord {
  readonly schema: number;
  readonly tree: string;
  /** Flat binary table: see core/opam/archive-index.ts. Ranks are those of the tree's manifest. */
  readonly tables: ArrayBuffer;
  readonly problems: readonly ArchiveProblem[];
  /** `archive-mirrors` of the tree's `repo` file, as written. */
  readonly mirrors: readonly string[];
  /** sha256 (hex) over all of the above. */
  readonly digest: string;
}

/** Key: sha256 (hex). What is known of a stored archive; a store keeps its bytes aside, so that this can change without them. */
export interface ArchiveRecord {
  readonly schema: number;
  readonly sha256: string;
  readonly md5: string;
  readonly sha512: string;
  readonly size: number;
  readonly type: string;
  /** Where it was fetched from. */
  readonly urls: readonly string[];
  /** Milliseconds since the Unix epoch, here and below. */
  readonly lastUse: number;
  /** Never evicted. */
  readonly pinned: boolean;
  readonly verifiedAt: number;
}
