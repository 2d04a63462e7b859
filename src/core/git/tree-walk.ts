import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { printable } from "./fsck.ts";
import type { Limits } from "./limits.ts";
import { ManifestBuilder, type Place } from "./manifest.ts";
import type { ObjectBytes } from "./pack-reader.ts";
import { isRegular, isTree, walkTree } from "./tree.ts";

/** Where the walk finds objects. Both throw `object-missing` when there is none. */
export interface TreeSource {
  tree(oids: Uint8Array, at: number): ObjectBytes | Promise<ObjectBytes>;
  place(oids: Uint8Array, at: number): Place;
}

export interface WalkedTree {
  readonly manifest: ArrayBuffer;
  readonly files: number;
  /** Distinct package names, and `name.version` folders with an opam file. */
  readonly packages: number;
  readonly versions: number;
  /** Entries that cannot be served, with the reason; at most 100 are listed. */
  readonly skipped: readonly { readonly path: string; readonly message: string }[];
  readonly hasPackages: boolean;
  readonly hasRepo: boolean;
}

const listed = 100;
const slash = 47;

interface Pending {
  /** Bytes of the folder's path, its slash included. */
  readonly prefix: number;
  readonly depth: number;
  readonly content: ObjectBytes;
  at: number;
}

/**
 * Walks what an opam repository serves (the files `repo` and `version`, and everything below `packages/`: opam manual, "Repositories")
 * and builds the manifest. A tree walk yields paths in byte order, so nothing is sorted. Throws `pack-limit` beyond `limits.files`.
 */
export async function walkServedTree(
  root: ObjectBytes,
  source: TreeSource,
  limits: Limits,
  slice: Slice,
): Promise<WalkedTree> {
  const builder = new ManifestBuilder();
  const skipped: { path: string; message: string }[] = [];
  const names = new Set<string>();
  let versions = 0;
  let hasPackages = false;
  let hasRepo = false;
  const skip = (path: Uint8Array, message: string) => {
    if (skipped.length < listed) skipped.push({ path: printable(path), message });
  };
  // One buffer for the path: each level writes its name behind its folder's.
  const paths = new Uint8Array(limits.treeBytes + limits.pathBytes);
  const stack: Pending[] = [{ prefix: 0, depth: 0, content: root, at: root.from }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { bytes, from, size } = top.content;
    const { prefix, depth } = top;
    let folder: { prefix: number; oidAt: number } | null = null;
    let next = from + size;
    walkTree(bytes, top.at, from + size, (mode, nameFrom, nameTo, oidAt) => {
      const name = bytes.subarray(nameFrom, nameTo);
      if (depth === 0 && !isServedAtRoot(name, mode)) return true;
      paths.set(name, prefix);
      const path = paths.subarray(0, prefix + name.length);
      const problem = unservable(path, name, depth + 1, mode, limits);
      if (problem !== null) {
        skip(path, problem);
        return true;
      }
      if (isTree(mode)) {
        if (depth === 0) hasPackages = true;
        paths[path.length] = slash;
        folder = { prefix: path.length + 1, oidAt };
        next = oidAt + 20;
        return false;
      }
      if (depth === 0 && name.length === 4) hasRepo = true;
      const place = source.place(bytes, oidAt);
      builder.add(path, bytes, oidAt, place.pack, place.offset);
      if (builder.count > limits.files) {
        throw new MirrorError("pack-limit", {
          limit: "the number of files",
          allowed: limits.files,
          found: builder.count,
        });
      }
      const packageName = depth > 0 ? packageOf(path) : null;
      if (packageName !== null) {
        versions++;
        names.add(packageName);
      }
      return true;
    });
    top.at = next;
    if (folder === null) stack.pop();
    else {
      const open = folder as { prefix: number; oidAt: number };
      const found = source.tree(bytes, open.oidAt);
      const content = found instanceof Promise ? await found : found;
      stack.push({ prefix: open.prefix, depth: depth + 1, content, at: content.from });
    }
    if (slice.due()) await slice.pause();
  }
  return {
    manifest: builder.finish(),
    files: builder.count,
    packages: names.size,
    versions,
    skipped,
    hasPackages,
    hasRepo,
  };
}

function isServedAtRoot(name: Uint8Array, mode: number): boolean {
  const text = name.length < 9 ? new TextDecoder("latin1").decode(name) : "";
  return isTree(mode) ? text === "packages" : text === "repo" || text === "version";
}

function unservable(path: Uint8Array, name: Uint8Array, depth: number, mode: number, limits: Limits): string | null {
  if (!isTree(mode) && !isRegular(mode))
    return "It is neither a file nor a folder (a link or a submodule) and is not served.";
  if (path.length > limits.pathBytes) return `Its path is longer than ${limits.pathBytes} bytes and is not served.`;
  if (depth > limits.pathDepth) return `It lies deeper than ${limits.pathDepth} folders and is not served.`;
  let ascii = true;
  for (const byte of name) {
    if (byte < 32 || byte === 127 || byte === 92)
      return "Its name has control characters or a backslash and is not served.";
    if (byte > 127) ascii = false;
  }
  return ascii || isUtf8(name) ? null : "Its name is not UTF-8 and is not served.";
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Name of the package whose opam file this is: it stands in a folder `name.version` (opam manual, "Package Format"). */
function packageOf(path: Uint8Array): string | null {
  const n = path.length;
  if (
    n < 6 ||
    path[n - 5] !== slash ||
    path[n - 4] !== 0x6f ||
    path[n - 3] !== 0x70 ||
    path[n - 2] !== 0x61 ||
    path[n - 1] !== 0x6d
  )
    return null;
  const from = path.lastIndexOf(slash, n - 6) + 1;
  const dot = path.indexOf(0x2e, from);
  if (dot <= from || dot >= n - 6) return null;
  return new TextDecoder("latin1").decode(path.subarray(from, dot));
}
