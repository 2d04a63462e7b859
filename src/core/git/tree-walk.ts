import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { printable } from "./fsck.ts";
import type { Limits } from "./limits.ts";
import { type Manifest, ManifestBuilder, type Place } from "./manifest.ts";
import { compareOids } from "./oid.ts";
import type { ObjectBytes } from "./pack-reader.ts";
import { isServedAtRoot, oddName, packageAt } from "./served-name.ts";
import { isRegular, isTree, TreeCursor, type TreeEntry } from "./tree.ts";

/** Where the walk finds objects. Both throw `object-missing` when there is none. */
export interface TreeSource {
  tree(oids: Uint8Array, at: number): ObjectBytes | Promise<ObjectBytes>;
  place(oids: Uint8Array, at: number): Place;
  /**
   * Called once when more folders were entered and left than `trees` different ones would need: then trees are named again and again, and
   * whether their paths can be walked at all is worth counting.
   */
  readonly repeated?: { readonly trees: number; assertCountable(): Promise<void> };
}

/** The tree and manifest of the snapshot before: folders that did not change are taken over without reading them. */
export interface WalkedBefore {
  readonly manifest: Manifest;
  readonly root: ObjectBytes;
  readonly skipped: WalkedTree["skipped"];
  tree(oids: Uint8Array, at: number): Promise<ObjectBytes>;
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
/** Opening and closing a folder are one step each; a version is a folder with one file. */
const foldersPerFile = 4;
const slash = 0x2f;
const dot = 0x2e;
const latin1 = new TextDecoder("latin1");

interface OpenFolder {
  /** Bytes of the folder's path, its slash included. */
  readonly prefix: number;
  readonly depth: number;
  readonly content: ObjectBytes;
  /** The same folder before; null when there was none. */
  readonly before: FolderBefore | null;
  at: number;
}

interface FolderBefore {
  readonly bytes: Uint8Array;
  /** Position of the oid of each folder, by name (as Latin-1). */
  readonly folders: ReadonlyMap<string, number>;
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
  before: WalkedBefore | null = null,
): Promise<WalkedTree> {
  return new ServedTreeWalk(source, limits, slice, before).walk(root);
}

class ServedTreeWalk {
  readonly #source: TreeSource;
  readonly #limits: Limits;
  readonly #slice: Slice;
  readonly #before: WalkedBefore | null;
  readonly #builder: ManifestBuilder = new ManifestBuilder();
  readonly #skipped: { path: string; message: string }[] = [];
  readonly #names: Set<string> = new Set();
  /** Of the folder on top, between two folders below it. */
  readonly #entry: TreeCursor = new TreeCursor();
  #lastName: Uint8Array = new Uint8Array(0);
  /** One buffer for the path: each level writes its name behind its folder's. */
  readonly #path: Uint8Array;
  #versions = 0;
  #hasPackages = false;
  #hasRepo = false;

  constructor(source: TreeSource, limits: Limits, slice: Slice, before: WalkedBefore | null) {
    this.#source = source;
    this.#limits = limits;
    this.#slice = slice;
    this.#before = before;
    this.#path = new Uint8Array(2 * limits.pathBytes + 2);
  }

  async walk(root: ObjectBytes): Promise<WalkedTree> {
    const rootBefore = this.#before === null ? null : foldersOf(this.#before.root);
    const stack: OpenFolder[] = [{ prefix: 0, depth: 0, content: root, before: rootBefore, at: root.from }];
    const allowed = this.#limits.files * foldersPerFile;
    const { repeated } = this.#source;
    for (let top = stack.at(-1), folders = 0; top !== undefined; top = stack.at(-1), folders++) {
      // Folders without files count too: trees that name one another can describe more of them than anybody can walk.
      if (folders > allowed)
        throw new MirrorError("pack-limit", { limit: "the number of folders", allowed, found: folders });
      if (repeated !== undefined && folders === repeated.trees * 2) await repeated.assertCountable();
      const folder = this.#advance(top);
      if (folder === null) stack.pop();
      else if (top.before === null || !(await this.#takenOver(top, folder))) {
        const opened = this.#open(top, folder);
        // Awaiting what is there costs a turn of the microtask queue, twenty thousand times.
        stack.push(opened instanceof Promise ? await opened : opened);
      }
      if (this.#slice.due()) await this.#slice.pause();
    }
    return {
      manifest: this.#builder.finish(),
      files: this.#builder.count,
      packages: this.#names.size,
      versions: this.#versions,
      skipped: this.#skipped,
      hasPackages: this.#hasPackages,
      hasRepo: this.#hasRepo,
    };
  }

  /** Adds the files up to the next folder, whose entry is returned; null at the end. */
  #advance(top: OpenFolder): TreeEntry | null {
    const { bytes, from, size } = top.content;
    const end = from + size;
    const entry = this.#entry;
    entry.open(bytes, top.at, end);
    while (entry.next()) {
      const { mode, nameFrom, nameTo, oidAt } = entry;
      top.at = oidAt + 20;
      // A longer name is refused for its length; so much of it is enough for that.
      const nameEnd = Math.min(nameTo, nameFrom + this.#limits.pathBytes + 1);
      if (top.depth === 0 && !isServedAtRoot(bytes.subarray(nameFrom, nameEnd), mode)) continue;
      const path = this.#path;
      let length = top.prefix;
      let plain = true;
      for (let at = nameFrom; at < nameEnd; at++) {
        const byte = bytes[at]!;
        path[length++] = byte;
        if (byte < 32 || byte > 126 || byte === 92) plain = false;
      }
      const problem = this.#problem(length, plain ? null : bytes.subarray(nameFrom, nameEnd), top.depth + 1, mode);
      if (problem !== null) {
        if (this.#skipped.length < listed)
          this.#skipped.push({ path: printable(path.subarray(0, length)), message: problem });
        continue;
      }
      if (isTree(mode)) {
        if (top.depth === 0) this.#hasPackages = true;
        return entry;
      }
      if (top.depth === 0 && nameTo - nameFrom === 4) this.#hasRepo = true;
      this.#add(path, length, bytes, oidAt, this.#source.place(bytes, oidAt));
    }
    top.at = end;
    return null;
  }

  #open(top: OpenFolder, folder: TreeEntry): OpenFolder | Promise<OpenFolder> {
    const { bytes } = top.content;
    const end = top.prefix + folder.nameTo - folder.nameFrom;
    this.#path[end] = slash;
    const opened = (content: ObjectBytes, before: FolderBefore | null): OpenFolder => {
      return { prefix: end + 1, depth: top.depth + 1, content, before, at: content.from };
    };
    const found = this.#source.tree(bytes, folder.oidAt);
    const oldAt = oidBefore(top, folder);
    if (oldAt === null && !(found instanceof Promise)) return opened(found, null);
    return (async () => {
      const content = await found;
      return opened(content, oldAt === null ? null : foldersOf(await this.#before!.tree(top.before!.bytes, oldAt)));
    })();
  }

  /** Takes the files of a folder that did not change from the manifest before. */
  async #takenOver(top: OpenFolder, folder: TreeEntry): Promise<boolean> {
    const oldAt = oidBefore(top, folder);
    if (oldAt === null || compareOids(top.before!.bytes, oldAt, top.content.bytes, folder.oidAt) !== 0) return false;
    const end = top.prefix + folder.nameTo - folder.nameFrom;
    this.#path[end] = slash;
    const prefix = this.#path.slice(0, end + 1);
    const { manifest, skipped } = this.#before!;
    for (let rank = manifest.lowerBound(prefix); rank < manifest.count; rank++) {
      const entry = manifest.entry(rank);
      if (!startsWith(entry.path, prefix)) break;
      this.#add(entry.path, entry.path.length, entry.oids, entry.oidAt, manifest.place(rank));
      if (this.#slice.due()) await this.#slice.pause();
    }
    const text = printable(prefix);
    this.#skipped.push(...skipped.filter(({ path }) => path.startsWith(text)).slice(0, listed - this.#skipped.length));
    return true;
  }

  /** Why the entry whose path ends here is not served. `odd` is its name when that has other than plain ASCII characters. */
  #problem(length: number, odd: Uint8Array | null, depth: number, mode: number): string | null {
    const { pathBytes, pathDepth } = this.#limits;
    if (!isTree(mode) && !isRegular(mode))
      return "It is neither a file nor a folder (a link or a submodule) and is not served.";
    if (length > pathBytes) return `Its path is longer than ${pathBytes} bytes and is not served.`;
    if (depth > pathDepth) return `It lies deeper than ${pathDepth} folders and is not served.`;
    return odd === null ? null : oddName(odd);
  }

  #add(path: Uint8Array, length: number, oids: Uint8Array, oidAt: number, place: Place): void {
    this.#builder.add(path, length, oids, oidAt, place.pack, place.offset);
    if (this.#builder.count > this.#limits.files) {
      throw new MirrorError("pack-limit", {
        limit: "the number of files",
        allowed: this.#limits.files,
        found: this.#builder.count,
      });
    }
    const from = packageAt(path, length);
    if (from < 0) return;
    this.#versions++;
    const to = path.indexOf(dot, from);
    // The versions of a package follow one another: its name is decoded once.
    if (sameBytes(this.#lastName, path, from, to)) return;
    this.#lastName = path.slice(from, to);
    this.#names.add(latin1.decode(this.#lastName));
  }
}

function foldersOf({ bytes, from, size }: ObjectBytes): FolderBefore {
  const folders = new Map<string, number>();
  const entry = new TreeCursor();
  entry.open(bytes, from, from + size);
  while (entry.next()) {
    if (isTree(entry.mode)) folders.set(latin1.decode(bytes.subarray(entry.nameFrom, entry.nameTo)), entry.oidAt);
  }
  return { bytes, folders };
}

/** Where the folder before names the tree of that name. */
function oidBefore(top: OpenFolder, folder: TreeEntry): number | null {
  if (top.before === null) return null;
  return top.before.folders.get(latin1.decode(top.content.bytes.subarray(folder.nameFrom, folder.nameTo))) ?? null;
}

function startsWith(path: Uint8Array, prefix: Uint8Array): boolean {
  if (path.length < prefix.length) return false;
  for (let i = prefix.length - 1; i >= 0; i--) if (path[i] !== prefix[i]) return false;
  return true;
}

function sameBytes(name: Uint8Array, path: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let i = from; i < to; i++) if (name[i - from] !== path[i]) return false;
  return true;
}
