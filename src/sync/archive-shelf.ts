import type { ArchiveRecord } from "../store/records.ts";

/** What is known of an archive that is stored. */
export type ShelvedArchive = Pick<ArchiveRecord, "sha256" | "md5" | "sha512" | "size" | "lastUse" | "pinned">;

/** Where archives are stored: a store, or the gateway's folder. */
export interface ArchiveShelf {
  records(): Promise<readonly ShelvedArchive[]>;
  /** Pinned ones are not evicted. Does nothing when it is not stored. */
  setPinned(sha256: string, pinned: boolean): Promise<void>;
  remove(sha256: string): Promise<void>;
  /** Hashes the bytes again. False when they are not what they were; such an archive is not stored any more afterwards. */
  verify(sha256: string): Promise<boolean>;
}
