/** Limits on what a remote may send. Beyond them a sync is refused with `pack-limit`. Sizes in bytes. */
export interface Limits {
  readonly packBytes: number;
  readonly objects: number;
  /** Sum of all inflated bytes, re-inflated delta bases included. */
  readonly inflatedBytes: number;
  readonly blobBytes: number;
  readonly treeBytes: number;
  readonly deltaDepth: number;
  readonly pathBytes: number;
  readonly pathDepth: number;
  readonly files: number;
  readonly archiveBytes: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  packBytes: 64 * MiB,
  objects: 500_000,
  inflatedBytes: 256 * MiB,
  blobBytes: MiB,
  treeBytes: 4 * MiB,
  deltaDepth: 64,
  pathBytes: 255,
  pathDepth: 8,
  files: 200_000,
  archiveBytes: 512 * MiB,
};
