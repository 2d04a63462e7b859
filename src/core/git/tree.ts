/** One entry of a tree object (Git documentation, git-mktree and gitformat-pack): mode, name, and where the bytes are. */
export interface TreeEntry {
  readonly mode: number;
  readonly nameFrom: number;
  readonly nameTo: number;
  /** Position of the 20 bytes of the oid. */
  readonly oidAt: number;
}

export const treeMode = 0o40000;
export const gitlinkMode = 0o160000;

export function isTree(mode: number): boolean {
  return (mode & 0o170000) === treeMode;
}

export function isRegular(mode: number): boolean {
  return (mode & 0o170000) === 0o100000;
}

/**
 * Walks the entries of `bytes[from..to)`. `visit` returns false to stop. The walk itself returns false when the tree is malformed.
 * Accepts leading zeros in modes; rules about names and order are in fsck.ts.
 */
export function walkTree(
  bytes: Uint8Array,
  from: number,
  to: number,
  visit: (mode: number, nameFrom: number, nameTo: number, oidAt: number, modeFrom: number) => boolean | undefined,
): boolean {
  let at = from;
  while (at < to) {
    let mode = 0;
    const modeFrom = at;
    for (;;) {
      if (at >= to) return false;
      const byte = bytes[at++]!;
      if (byte === 32) break;
      if (byte < 48 || byte > 55 || at - modeFrom > 7) return false;
      mode = mode * 8 + byte - 48;
    }
    if (at - modeFrom === 1) return false;
    const nameFrom = at;
    const nameTo = bytes.indexOf(0, at);
    if (nameTo < 0 || nameTo + 21 > to) return false;
    at = nameTo + 21;
    if (visit(mode, nameFrom, nameTo, nameTo + 1, modeFrom) === false) return true;
  }
  return true;
}

/** Finds the entry of that name (UTF-8 bytes). Null when it is not there; throws nothing, a malformed tree has no entries beyond the damage. */
export function findInTree(bytes: Uint8Array, from: number, to: number, name: Uint8Array): TreeEntry | null {
  let found: TreeEntry | null = null;
  walkTree(bytes, from, to, (mode, nameFrom, nameTo, oidAt) => {
    if (nameTo - nameFrom !== name.length) return true;
    for (let i = 0; i < name.length; i++) if (bytes[nameFrom + i] !== name[i]) return true;
    found = { mode, nameFrom, nameTo, oidAt };
    return false;
  });
  return found;
}
