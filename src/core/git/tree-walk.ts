import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { printable } from "./fsck.ts";
import type { Limits } from "./limits.ts";
import { type Manifest, ManifestBuilder, type Place } from "./manifest.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import { compareOids } from "./oid.ts";
import { countPackages } from "./package-count.ts";
import { isServedAtRoot, oddName } from "./served-name.ts";
import { compareEntries, isRegular, isTree, TreeCursor, type TreeEntry } from "./tree.ts";

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

/** The tree and manifest of the snapshot before: what did not change is taken over without reading it. */
export interface WalkedBefore {
  readonly manifest: Manifest;
  readonly root: ObjectBytes;
  readonly skipped: WalkedTree["skipped"];
  tree(oids: Uint8Array, at: number): ObjectBytes | Promise<ObjectBytes>;
}

/** Files `from..to` of the manifest before, which are `at…` now. */
export interface KeptRun {
  readonly from: number;
  readonly to: number;
  readonly at: number;
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
  /** What was taken over from the manifest before, in order; all else is new, changed or gone. */
  readonly kept: readonly KeptRun[];
}

const listed = 100;
/** Opening and closing a folder are one step each; a version is a folder with one file. */
const foldersPerFile = 4;
const slash = 0x2f;

interface OpenFolder {
  /** Bytes of the folder's path, its slash included. */
  readonly prefix: number;
  readonly depth: number;
  readonly content: ObjectBytes;
  at: number;
  /** The same folder before, and where in it; null when there was none. */
  readonly before: ObjectBytes | null;
  beforeAt: number;
}

/** A folder to open; `beforeAt`: where the folder before names the one of that name, or -1. */
interface FolderFound {
  readonly entry: TreeEntry;
  readonly beforeAt: number;
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
  /** Of the folder on top, between two folders below it. */
  readonly #entry: TreeCursor = new TreeCursor();
  readonly #old: TreeCursor = new TreeCursor();
  /** Ranks of the manifest before that were taken over or are gone, and the runs of those taken over. */
  #done = 0;
  readonly #kept: KeptRun[] = [];
  readonly #gone: { readonly path: string; readonly folder: boolean }[] = [];
  /** One buffer for the path: each level writes its name behind its folder's. */
  readonly #path: Uint8Array;
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
    const stack: OpenFolder[] = [opened(0, 0, root, this.#before?.root ?? null)];
    const allowed = this.#limits.files * foldersPerFile;
    const { repeated } = this.#source;
    for (let top = stack.at(-1), folders = 0; top !== undefined; top = stack.at(-1), folders++) {
      // Folders without files count too: trees that name one another can describe more of them than anybody can walk.
      if (folders > allowed)
        throw new MirrorError("pack-limit", { limit: "the number of folders", allowed, found: folders });
      if (repeated !== undefined && folders === repeated.trees * 2) await repeated.assertCountable();
      const folder = top.before === null ? this.#advance(top) : this.#advanceBeside(top, top.before);
      if (folder === null) stack.pop();
      else {
        const next = this.#open(top, folder);
        // Awaiting what is there costs a turn of the microtask queue, twenty thousand times.
        stack.push(next instanceof Promise ? await next : next);
      }
      if (this.#slice.due()) await this.#slice.pause();
    }
    if (this.#before !== null) this.#keepTo(this.#before, this.#before.manifest.count);
    const builder = this.#builder;
    return {
      manifest: builder.finish(),
      files: builder.count,
      ...(await countPackages(builder, this.#slice)),
      skipped: this.#before === null ? this.#skipped : this.#allSkipped(this.#before),
      hasPackages: this.#hasPackages,
      hasRepo: this.#hasRepo,
      kept: this.#kept,
    };
  }

  /** Adds the files up to the next folder, whose entry is returned; null at the end. */
  #advance(top: OpenFolder): FolderFound | null {
    const { bytes, from, size } = top.content;
    const end = from + size;
    const entry = this.#entry;
    entry.open(bytes, top.at, end);
    while (entry.next()) {
      top.at = entry.oidAt + 20;
      if (this.#enter(top, entry)) return { entry, beforeAt: -1 };
    }
    top.at = end;
    return null;
  }

  /** The same for a folder that was there before. What is equal on both sides is passed over, and taken over when something else follows. */
  #advanceBeside(top: OpenFolder, before: ObjectBytes): FolderFound | null {
    const { bytes, from, size } = top.content;
    const entry = this.#entry;
    const old = this.#old;
    entry.open(bytes, top.at, from + size);
    old.open(before.bytes, top.beforeAt, before.from + before.size);
    let here = entry.next();
    let there = old.next();
    while (here || there) {
      const order = !here ? -1 : !there ? 1 : compareEntries(before.bytes, old, bytes, entry);
      const same =
        order === 0 && old.mode === entry.mode && compareOids(before.bytes, old.oidAt, bytes, entry.oidAt) === 0;
      // The two files at the root may be served differently though they are the same.
      if (same && (top.depth > 0 || isTree(entry.mode))) {
        if (top.depth === 0 && isServedAtRoot(bytes.subarray(entry.nameFrom, entry.nameTo), entry.mode))
          this.#hasPackages = true;
      } else {
        const folder = order === 0 && isTree(entry.mode);
        if (order <= 0 && !folder) this.#drop(top, before, old);
        if (order >= 0) {
          if (order > 0) this.#keepUpTo(top, bytes, entry);
          if (this.#enter(top, entry)) {
            top.at = entry.oidAt + 20;
            top.beforeAt = order === 0 ? old.oidAt + 20 : there ? old.modeFrom : before.from + before.size;
            return { entry, beforeAt: folder ? old.oidAt : -1 };
          }
          // A folder that is not served has no files to take over.
          if (folder) this.#drop(top, before, old);
        }
      }
      if (order >= 0) here = entry.next();
      if (order <= 0) there = old.next();
    }
    top.at = from + size;
    top.beforeAt = before.from + before.size;
    return null;
  }

  /** Adds a file, or notes why it is not served. True for a folder that is to be opened. */
  #enter(top: OpenFolder, entry: TreeEntry): boolean {
    const { bytes } = top.content;
    const { mode, nameFrom, nameTo, oidAt } = entry;
    // A longer name is refused for its length; so much of it is enough for that.
    const nameEnd = Math.min(nameTo, nameFrom + this.#limits.pathBytes + 1);
    if (top.depth === 0 && !isServedAtRoot(bytes.subarray(nameFrom, nameEnd), mode)) return false;
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
      return false;
    }
    if (isTree(mode)) {
      if (top.depth === 0) this.#hasPackages = true;
      return true;
    }
    if (top.depth === 0 && nameTo - nameFrom === 4) this.#hasRepo = true;
    this.#add(path, length, bytes, oidAt, this.#source.place(bytes, oidAt));
    return false;
  }

  #open(top: OpenFolder, { entry, beforeAt }: FolderFound): OpenFolder | Promise<OpenFolder> {
    const { bytes } = top.content;
    const prefix = top.prefix + entry.nameTo - entry.nameFrom + 1;
    this.#path[prefix - 1] = slash;
    const depth = top.depth + 1;
    const found = this.#source.tree(bytes, entry.oidAt);
    if (beforeAt < 0) {
      if (!(found instanceof Promise)) return opened(prefix, depth, found, null);
      return found.then((content) => opened(prefix, depth, content, null));
    }
    const old = this.#before!.tree(top.before!.bytes, beforeAt);
    return (async () => opened(prefix, depth, await found, await old))();
  }

  /** Takes over what comes before this entry of the folder, new or old, in the order of paths. Returns the path's length, a folder's with its slash. */
  #keepUpTo(top: OpenFolder, bytes: Uint8Array, { mode, nameFrom, nameTo }: TreeEntry): number {
    const path = this.#path;
    let length = top.prefix;
    const nameEnd = Math.min(nameTo, nameFrom + this.#limits.pathBytes + 1);
    for (let at = nameFrom; at < nameEnd; at++) path[length++] = bytes[at]!;
    if (isTree(mode)) path[length++] = slash;
    const before = this.#before!;
    this.#keepTo(before, before.manifest.lowerBound(path.subarray(0, length)));
    return length;
  }

  #keepTo({ manifest }: WalkedBefore, to: number): void {
    const from = this.#done;
    if (to <= from) return;
    this.#kept.push({ from, to, at: this.#builder.count });
    this.#builder.take(manifest, from, to);
    this.#done = to;
    this.#assertFiles();
  }

  /** What this entry of the folder before was is gone, or something else now. */
  #drop(top: OpenFolder, before: ObjectBytes, old: TreeEntry): void {
    const length = this.#keepUpTo(top, before.bytes, old);
    const { manifest } = this.#before!;
    const path = this.#path.subarray(0, length);
    this.#gone.push({ path: printable(path), folder: isTree(old.mode) });
    if (isTree(old.mode)) {
      path[length - 1] = slash + 1;
      this.#done = Math.max(this.#done, manifest.lowerBound(path));
      path[length - 1] = slash;
    } else if (this.#done < manifest.count && sameBytes(manifest.entry(this.#done).path, path)) this.#done++;
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

  /** What was found now, and what was found before in folders that were not looked into. */
  #allSkipped({ skipped }: WalkedBefore): WalkedTree["skipped"] {
    const isGone = (text: string) =>
      this.#gone.some(
        ({ path, folder }) => text === (folder ? path.slice(0, -1) : path) || (folder && text.startsWith(path)),
      );
    // At the root everything was looked at again.
    const kept = skipped.filter(({ path }) => path.includes("/") && !isGone(path));
    const all = [...kept, ...this.#skipped];
    if (this.#skipped.length > 0) all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return all.slice(0, listed);
  }

  #add(path: Uint8Array, length: number, oids: Uint8Array, oidAt: number, place: Place): void {
    this.#builder.add(path, length, oids, oidAt, place.pack, place.offset);
    this.#assertFiles();
  }

  #assertFiles(): void {
    const { count } = this.#builder;
    const { files } = this.#limits;
    if (count > files)
      throw new MirrorError("pack-limit", { limit: "the number of files", allowed: files, found: count });
  }
}

function opened(prefix: number, depth: number, content: ObjectBytes, before: ObjectBytes | null): OpenFolder {
  return { prefix, depth, content, at: content.from, before, beforeAt: before?.from ?? 0 };
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
