/** One entry of a tree object (Git documentation, git-mktree and gitformat-pack): mode, name, and where the bytes are. */
export interface TreeEntry {
  readonly mode: number;
  readonly nameFrom: number;
  readonly nameTo: number;
  /** Position of the 20 bytes of the oid. */
  readonly oidAt: number;
}

const treeMode = 0o40000;
export const gitlinkMode = 0o160000;

export function isTree(mode: number): boolean {
  return (mode & 0o170000) === treeMode;
}

export function isRegular(mode: number): boolean {
  return (mode & 0o170000) === 0o100000;
}

/**
 * Goes through the entries of a tree. One object for many trees, and no callback: twenty thousand small trees are read several times
 * in a sync, and a call that the compiler cannot see through costs as much as an entry.
 * Accepts leading zeros in modes; rules about names and order are in fsck.ts.
 */
export class TreeCursor implements TreeEntry {
  mode = 0;
  nameFrom = 0;
  nameTo = 0;
  oidAt = 0;
  modeFrom = 0;
  /** Whether an entry was found that is no entry. `next` is false from there on. */
  malformed = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #to = 0;

  /** Starts before the first entry of `bytes[from..to)`. */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    this.malformed = false;
  }

  /** Goes to the next entry; false behind the last. */
  next(): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    let at = this.#at;
    if (at >= to) return false;
    this.#at = to;
    this.malformed = true;
    const modeFrom = at;
    let mode = 0;
    for (;;) {
      if (at >= to) return false;
      const byte = bytes[at++]!;
      if (byte === 32) break;
      if (byte < 48 || byte > 55 || at - modeFrom > 7) return false;
      mode = mode * 8 + byte - 48;
    }
    if (at - modeFrom === 1) return false;
    const nameFrom = at;
    while (at < to && bytes[at] !== 0) at++;
    if (at + 21 > to) return false;
    this.malformed = false;
    this.mode = mode;
    this.modeFrom = modeFrom;
    this.nameFrom = nameFrom;
    this.nameTo = at;
    this.oidAt = at + 1;
    this.#at = at + 21;
    return true;
  }
}

/** Finds the entry of that name (UTF-8 bytes). Null when it is not there; throws nothing, a malformed tree has no entries beyond the damage. */
export function findInTree(bytes: Uint8Array, from: number, to: number, name: Uint8Array): TreeEntry | null {
  const entry = new TreeCursor();
  entry.open(bytes, from, to);
  while (entry.next()) {
    if (entry.nameTo - entry.nameFrom !== name.length) continue;
    let i = 0;
    while (i < name.length && bytes[entry.nameFrom + i] === name[i]) i++;
    if (i === name.length) return entry;
  }
  return null;
}

/** The order of two entries in a tree: by name, a folder's with a slash behind it (git-mktree). The order of paths is the same. */
export function compareEntries(a: Uint8Array, left: TreeEntry, b: Uint8Array, right: TreeEntry): number {
  const n = left.nameTo - left.nameFrom;
  const m = right.nameTo - right.nameFrom;
  const shared = Math.min(n, m);
  for (let i = 0; i < shared; i++) {
    const difference = a[left.nameFrom + i]! - b[right.nameFrom + i]!;
    if (difference !== 0) return difference;
  }
  const afterLeft = n > shared ? a[left.nameFrom + shared]! : isTree(left.mode) ? 0x2f : 0;
  const afterRight = m > shared ? b[right.nameFrom + shared]! : isTree(right.mode) ? 0x2f : 0;
  return afterLeft - afterRight || n - m;
}
