import { MirrorError } from "../errors.ts";
import { Arena } from "./arena.ts";
import { applyDelta, deltaSizes } from "./delta.ts";
import { Inflater } from "./inflate.ts";
import type { Limits } from "./limits.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import type { PackBuffer } from "./pack-buffer.ts";
import type { PackObjects } from "./pack-objects.ts";

const firstDeltaBytes = 4096;

/** Applies deltas, one at a time, and makes objects again whose bytes are no longer at hand. */
export class PackContent {
  /** The inflated bytes of the one delta, from 0. */
  delta: Uint8Array<ArrayBuffer> = new Uint8Array(firstDeltaBytes);
  readonly #buffer: PackBuffer;
  readonly #objects: PackObjects;
  readonly #limits: Limits;
  readonly #inflater: Inflater = new Inflater(false);
  #repeatedBytes = 0;

  constructor(buffer: PackBuffer, objects: PackObjects, limits: Limits) {
    this.#buffer = buffer;
    this.#objects = objects;
    this.#limits = limits;
  }

  /** Makes room for a delta of so many bytes. */
  reserve(size: number): void {
    if (size > this.delta.length) this.delta = new Uint8Array(size * 2);
  }

  /** Inflates the delta of an entry that was read before. Throws `pack-limit`. */
  inflateDelta(index: number): void {
    this.#repeat(this.#objects.table.packedSizes[index]!);
    this.#inflateDelta(index);
  }

  /**
   * Applies the delta, of `deltaSize` bytes, of the entry at position `at` of the pack. The result goes where `arena` then says; returns its
   * size. Throws `delta-corrupt` and `pack-limit`.
   */
  apply(deltaSize: number, at: number, base: ObjectBytes, type: number, arena: Arena): number {
    const delta = this.delta;
    // Git takes no delta of fewer bytes than two sizes and one instruction can have.
    const sizes = deltaSize < 4 ? null : deltaSizes(delta, 0, deltaSize);
    if (sizes === null) throw new MirrorError("delta-corrupt", { at, reason: "its sizes are cut off" });
    if (sizes.base !== base.size)
      throw new MirrorError("delta-corrupt", { at, reason: "its base has another size than it says" });
    this.#objects.checkSize(type, sizes.result);
    arena.place(sizes.result);
    const problem = applyDelta(
      delta,
      sizes.at,
      deltaSize,
      base.bytes,
      base.from,
      base.size,
      arena.segment,
      arena.at,
      sizes.result,
    );
    if (problem !== null) throw new MirrorError("delta-corrupt", { at, reason: problem });
    return sizes.result;
  }

  /** The bytes of a resolved object that are no longer at hand. Overwrites the delta. */
  rebuild(index: number): ObjectBytes {
    return this.#rebuild(index, this.#objects.arena(this.#objects.table.types[index]!), false);
  }

  /** The same for the base of a delta. Throws `pack-limit`. */
  rebuildBase(index: number): ObjectBytes {
    return this.#rebuild(index, this.#objects.arena(this.#objects.table.types[index]!), true);
  }

  /** The same without a change of the delta, nor of what the arenas have placed. */
  rebuildApart(index: number): ObjectBytes {
    const apart = new PackContent(this.#buffer, this.#objects, this.#limits);
    return apart.#rebuild(index, new Arena(Number.MAX_SAFE_INTEGER, 0), false);
  }

  /** Down the chain of bases to one that is at hand or no delta, then up through the deltas. */
  #rebuild(index: number, arena: Arena, counts: boolean): ObjectBytes {
    const objects = this.#objects;
    const table = objects.table;
    const type = table.types[index]!;
    const chain: number[] = [];
    let root = index;
    let content = objects.held(root);
    while (content === null && table.bases[root]! >= 0) {
      chain.push(root);
      root = table.bases[root]!;
      content = objects.held(root);
    }
    if (content === null) {
      const size = table.sizes[root]!;
      if (counts) this.#repeat(size);
      arena.place(size);
      this.#inflate(root, arena.segment, arena.at, size);
      content = this.#kept(root, arena, size);
    }
    for (let i = chain.length - 1; i >= 0; i--) {
      const delta = chain[i]!;
      const deltaSize = table.packedSizes[delta]!;
      if (counts) this.#repeat(deltaSize + table.sizes[delta]!);
      this.#inflateDelta(delta);
      const size = this.apply(deltaSize, table.offsets[delta]!, content, type, arena);
      content = this.#kept(delta, arena, size);
    }
    return content;
  }

  #kept(index: number, arena: Arena, size: number): ObjectBytes {
    const { segment, at } = arena;
    if (arena === this.#objects.arena(this.#objects.table.types[index]!)) this.#objects.keep(index, arena, size);
    else arena.keep(size);
    return { bytes: segment, from: at, size };
  }

  #inflateDelta(index: number): void {
    const size = this.#objects.table.packedSizes[index]!;
    this.reserve(size);
    this.#inflate(index, this.delta, 0, size);
  }

  #inflate(index: number, target: Uint8Array<ArrayBuffer>, to: number, size: number): void {
    const { bytes, length } = this.#buffer;
    this.#inflater.inflate(bytes, this.#objects.table.dataOffsets[index]!, length, target, to, size);
  }

  /** Work that the remote causes by how it packs is bounded; reading an object again for an answer is not its doing. */
  #repeat(size: number): void {
    this.#repeatedBytes += size;
    const allowed = this.#limits.inflatedBytes * 4;
    if (this.#repeatedBytes > allowed) {
      throw new MirrorError("pack-limit", {
        limit: "the work of resolving deltas in bytes",
        allowed,
        found: this.#repeatedBytes,
      });
    }
  }
}
