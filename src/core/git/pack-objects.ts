import { MirrorError } from "../errors.ts";
import { Arena } from "./arena.ts";
import type { Digest } from "./digest.ts";
import { checkObject } from "./fsck.ts";
import type { Limits } from "./limits.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import { writeObjectHead } from "./object-head.ts";
import { ObjectTable } from "./object-table.ts";
import { kindOf, objectTypes } from "./object-type.ts";
import { toHex } from "./oid.ts";

/**
 * The objects of a pack while it is read: their table, and the bytes of the latest ones at hand. Whatever is named in the table was
 * hashed and checked here.
 */
export class PackObjects {
  /** Without room until `open`. */
  table: ObjectTable = new ObjectTable(0);
  /** Objects entered so far, and the sum of their sizes. */
  resolved = 0;
  bytes = 0;
  readonly #limits: Limits;
  readonly #sha1: Digest;
  readonly #trees: Arena;
  readonly #others: Arena;

  /** The last two bound the bytes kept at hand. */
  constructor(limits: Limits, sha1: Digest, treeCacheBytes: number, objectCacheBytes: number) {
    this.#limits = limits;
    this.#sha1 = sha1;
    this.#trees = new Arena(treeCacheBytes);
    this.#others = new Arena(objectCacheBytes);
  }

  /** Makes room for so many entries. */
  open(capacity: number): void {
    this.table = new ObjectTable(capacity);
  }

  /** Where objects of that type are kept. */
  arena(type: number): Arena {
    return type === objectTypes.tree ? this.#trees : this.#others;
  }

  /** All is verified: trees are not needed any more, and of blobs one at a time. */
  settle(): void {
    this.#trees.clear();
    this.#others.recycle();
  }

  /** The bytes of a resolved object while they are at hand, else null. */
  held(index: number): ObjectBytes | null {
    const table = this.table;
    const bytes = this.arena(table.types[index]!).get(table.segments[index]!);
    return bytes === null ? null : { bytes, from: table.positions[index]!, size: table.sizes[index]! };
  }

  /** Takes the object of that entry that was put where `arena` said last. */
  keep(index: number, arena: Arena, size: number): void {
    const { table } = this;
    table.segments[index] = arena.number;
    table.positions[index] = arena.at;
    arena.keep(size);
  }

  /** Throws `pack-limit` when an object of that type may not have that size. */
  checkSize(type: number, size: number): void {
    const isTree = type === objectTypes.tree;
    const allowed = isTree ? this.#limits.treeBytes : this.#limits.blobBytes;
    if (size > allowed) {
      throw new MirrorError("pack-limit", {
        limit: `the size of a ${isTree ? "tree" : (kindOf(type) ?? "blob")} in bytes`,
        allowed,
        found: size,
      });
    }
  }

  /**
   * The object whose bytes stand in its arena is complete: it is hashed, checked and named. A large one comes with its `hash`, and a large
   * tree checked. `isChecked`: whether it is from a pack that was checked. Throws `pack-limit`, `object-corrupt` and `tree-forbidden`.
   */
  enter(index: number, type: number, size: number, hash: Uint8Array | null, isChecked: boolean = false): void {
    const table = this.table;
    const arena = this.arena(type);
    const { segment, at } = arena;
    this.bytes += size;
    if (this.bytes > this.#limits.inflatedBytes) {
      throw new MirrorError("pack-limit", {
        limit: "the inflated size of all objects in bytes",
        allowed: this.#limits.inflatedBytes,
        found: this.bytes,
      });
    }
    const oid = hash ?? this.#hash(segment, at, type, size);
    table.types[index] = type;
    table.sizes[index] = size;
    this.keep(index, arena, size);
    if (!table.name(index, oid, 0))
      throw new MirrorError("object-corrupt", { oid: toHex(oid), reason: "it appears twice in the pack" });
    if (!isChecked && (hash === null || type !== objectTypes.tree)) checkObject(type, segment, at, at + size, oid);
    this.resolved++;
  }

  #hash(segment: Uint8Array, at: number, type: number, size: number): Uint8Array {
    const sha1 = this.#sha1;
    sha1.init();
    sha1.update(segment.subarray(writeObjectHead(segment, at, type, size), at + size));
    return sha1.digest();
  }
}
