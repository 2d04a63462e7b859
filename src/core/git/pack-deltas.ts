import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import type { Limits } from "./limits.ts";
import { toHex } from "./oid.ts";
import type { PackContent } from "./pack-content.ts";
import type { PackObjects } from "./pack-objects.ts";

/** Resolves the deltas of a pack: at once when their base is there, else when it has come. */
export class PackDeltas {
  readonly #objects: PackObjects;
  readonly #content: PackContent;
  readonly #limits: Limits;
  readonly #whenMissing: ((oid: string) => void) | undefined;
  /** Deltas whose base has not arrived, by its oid; linked through `nextWaiting`. */
  readonly #missing: Map<string, number> = new Map();

  /** `whenMissing` is told of each oid that a delta names as its base while no such object has arrived. */
  constructor(objects: PackObjects, content: PackContent, limits: Limits, whenMissing?: (oid: string) => void) {
    this.#objects = objects;
    this.#content = content;
    this.#limits = limits;
    this.#whenMissing = whenMissing;
  }

  /** One of the oids that deltas wait for, or undefined. */
  get missing(): string | undefined {
    const [oid] = this.#missing.keys();
    return oid;
  }

  /** Whether a delta may wait for this entry, which may have been resolved. */
  mayWaitFor(index: number): boolean {
    const { table } = this.#objects;
    return table.types[index] !== 0 && (this.#missing.size > 0 || table.firstWaiting[index]! >= 0);
  }

  /** The entry's delta, just inflated, has its base so far before it in the pack. Throws `delta-corrupt` and as `enter` does. */
  addByDistance(index: number, distance: number): void {
    const { table } = this.#objects;
    const at = table.offsets[index]!;
    const base = distance < at ? table.atOffset(at - distance) : -1;
    if (base < 0 || base === index)
      throw new MirrorError("delta-corrupt", { at, reason: "its base is not the start of an object" });
    if (table.types[base] !== 0) this.#resolve(index, base);
    else {
      table.bases[index] = base;
      table.nextWaiting[index] = table.firstWaiting[base]!;
      table.firstWaiting[base] = index;
    }
  }

  /** The entry's delta, just inflated, has the base with the oid at `oids[at..at+20)`. */
  addByOid(index: number, oids: Uint8Array, at: number): void {
    const { table } = this.#objects;
    const base = table.find(oids, at);
    if (base >= 0) this.#resolve(index, base);
    else {
      const oid = toHex(oids, at, at + 20);
      const waiting = this.#missing.get(oid);
      table.nextWaiting[index] = waiting ?? -1;
      this.#missing.set(oid, index);
      if (waiting === undefined) this.#whenMissing?.(oid);
    }
  }

  /** Resolves what waited for the entry, and what waited for that, without recursion. */
  async resolveWaiting(index: number, slice: Slice): Promise<void> {
    const { table } = this.#objects;
    const ready: number[] = [index];
    for (let base = ready.pop(); base !== undefined; base = ready.pop()) {
      for (let child = this.#takeWaiting(base); child >= 0; ) {
        const next = table.nextWaiting[child]!;
        this.#content.inflateDelta(child);
        this.#resolve(child, base);
        ready.push(child);
        child = next;
        if (slice.due()) await slice.pause();
      }
    }
  }

  /** Applies the delta that was just inflated to its base, which is resolved. */
  #resolve(index: number, base: number): void {
    const objects = this.#objects;
    const content = this.#content;
    const table = objects.table;
    table.bases[index] = base;
    const depth = table.depths[base]! + 1;
    if (depth > this.#limits.deltaDepth) {
      throw new MirrorError("pack-limit", {
        limit: "the depth of a delta chain",
        allowed: this.#limits.deltaDepth,
        found: depth,
      });
    }
    table.depths[index] = depth;
    const type = table.types[base]!;
    let bytes = objects.held(base);
    if (bytes === null) {
      bytes = content.rebuildBase(base);
      content.inflateDelta(index);
    }
    const size = content.apply(table.packedSizes[index]!, table.offsets[index]!, bytes, type, objects.arena(type));
    objects.enter(index, type, size, null);
  }

  /** Head of the joined list of deltas that wait for this entry by position and by oid. */
  #takeWaiting(base: number): number {
    const { table } = this.#objects;
    const byPosition = table.firstWaiting[base]!;
    table.firstWaiting[base] = -1;
    if (this.#missing.size === 0) return byPosition;
    const oid = toHex(table.oids, base * 20, base * 20 + 20);
    const byOid = this.#missing.get(oid);
    if (byOid === undefined) return byPosition;
    this.#missing.delete(oid);
    let last = byOid;
    while (table.nextWaiting[last]! >= 0) last = table.nextWaiting[last]!;
    table.nextWaiting[last] = byPosition;
    return byOid;
  }
}
