import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import type { Digest } from "./digest.ts";
import type { Limits } from "./limits.ts";
import { objectTypes } from "./object-type.ts";
import { ofsDeltaDistance, PackEntryHead, packEntryHead } from "./pack-entry.ts";
import { PackStream } from "./pack-stream.ts";
import type { EntryPlace, PackUnion } from "./pack-union.ts";
import type { Reachable } from "./reachable.ts";
import type { StoredObjectReader } from "./stored-object.ts";

export interface RepackOptions {
  readonly limits: Limits;
  readonly slice: Slice;
  readonly sha1: Digest;
  /** Reads objects whose entry cannot be copied. */
  readonly reader: StoredObjectReader;
  /** The zlib stream of such an object. */
  readonly deflate: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
  /** Takes the bytes of the new pack in order; the array is the writer's again afterwards. */
  readonly sink: (bytes: Uint8Array) => Promise<void>;
}

/** What a repack did. */
export interface Repacked {
  /** Entries whose compressed bytes were taken as they are, deltas among them. */
  readonly copied: number;
  readonly deltas: number;
  /** Objects that were compressed again, for their delta's base is not kept. */
  readonly rewritten: number;
}

interface Entry {
  readonly place: EntryPlace;
  readonly type: number;
  readonly size: number;
  /** Number of the delta's base, or -1. */
  readonly base: number;
  /** The entry's bytes in the pack, and where its compressed data starts among them. */
  readonly bytes: Uint8Array;
  readonly dataAt: number;
}

/**
 * Writes one pack of the marked objects (Git documentation, gitformat-pack): entries in the order of the old packs, their zlib
 * streams copied. A delta stays one where its base is kept, which then precedes it, so that its base is found by position.
 * The result is not verified: damage of the old packs is copied, and must be found by whoever reads the new one. Throws `store-lost`.
 */
export async function repack(union: PackUnion, kept: Reachable, options: RepackOptions): Promise<Repacked> {
  return new Repack(union, kept.marks, options).run(kept.count);
}

class Repack {
  readonly #union: PackUnion;
  readonly #kept: Uint8Array;
  readonly #options: RepackOptions;
  readonly #out: PackStream;
  readonly #head: PackEntryHead = new PackEntryHead();
  /** Position of each object in the new pack; 0 while it is not there. */
  readonly #offsets: Uint32Array;
  readonly #depths: Uint8Array;
  #deltas = 0;
  #copied = 0;
  #rewritten = 0;

  constructor(union: PackUnion, kept: Uint8Array, options: RepackOptions) {
    this.#union = union;
    this.#kept = kept;
    this.#options = options;
    this.#out = new PackStream(options.sha1, options.slice, options.sink);
    this.#offsets = new Uint32Array(union.count);
    this.#depths = new Uint8Array(union.count);
  }

  async run(count: number): Promise<Repacked> {
    const { slice } = this.#options;
    await this.#out.begin(count);
    for (const [pack] of this.#union.packs.entries()) {
      for (const number of this.#union.numbers(pack)) {
        if (this.#kept[number] === 1 && this.#offsets[number] === 0) await this.#writeWithBases(number);
        if (slice.due()) await slice.pause();
      }
    }
    await this.#out.end();
    return { copied: this.#copied, deltas: this.#deltas, rewritten: this.#rewritten };
  }

  /** Bases first, without recursion. A chain that is longer than any that was accepted is cut: its first object becomes a whole one. */
  async #writeWithBases(number: number): Promise<void> {
    const chain = [number];
    for (let top = chain.at(-1); top !== undefined; top = chain.at(-1)) {
      const entry = await this.#entry(top);
      if (
        this.#keeps(entry.base) &&
        this.#offsets[entry.base] === 0 &&
        chain.length <= this.#options.limits.deltaDepth
      ) {
        chain.push(entry.base);
        continue;
      }
      await this.#write(top, entry);
      chain.pop();
    }
  }

  #keeps(number: number): boolean {
    return number >= 0 && this.#kept[number] === 1;
  }

  async #write(number: number, entry: Entry): Promise<void> {
    const at = this.#out.length;
    const base = this.#keeps(entry.base) ? this.#offsets[entry.base]! : 0;
    const depth = base > 0 ? this.#depths[entry.base]! + 1 : 0;
    if (entry.base < 0) {
      await this.#out.write(entry.bytes);
      this.#copied++;
    } else if (base > 0 && depth <= this.#options.limits.deltaDepth) {
      await this.#out.write(packEntryHead(objectTypes.ofsDelta, entry.size));
      await this.#out.write(ofsDeltaDistance(at - base));
      await this.#out.write(entry.bytes.subarray(entry.dataAt));
      this.#depths[number] = depth;
      this.#copied++;
      this.#deltas++;
    } else await this.#writeWhole(number, entry.place);
    this.#offsets[number] = at;
  }

  /** The object itself: a later pack may have it so, for thin packs are completed with whole bases. */
  async #writeWhole(number: number, place: EntryPlace): Promise<void> {
    const union = this.#union;
    const oid = union.oid(number).slice();
    for (let other = union.find(oid, 0, place.pack + 1); other >= 0; ) {
      const entry = await this.#entry(other);
      if (entry.base < 0) {
        await this.#out.write(entry.bytes);
        this.#copied++;
        return;
      }
      other = union.find(oid, 0, entry.place.pack + 1);
    }
    const { reader, deflate } = this.#options;
    const { type, bytes } = await reader.read(union.packs[place.pack]!.pack, place.offset);
    await this.#out.write(packEntryHead(type, bytes.length));
    await this.#out.write(await deflate(bytes));
    this.#rewritten++;
  }

  async #entry(number: number): Promise<Entry> {
    const place = this.#union.place(number);
    const { pack } = this.#union.packs[place.pack]!;
    const found = pack.bytes(place.offset, place.end - place.offset);
    const view = found instanceof Promise ? await found : found;
    const bytes = view.bytes.subarray(view.at, view.at + place.end - place.offset);
    const head = this.#head;
    if (head.read(bytes, 0, bytes.length) !== null || place.offset + bytes.length !== place.end)
      throw new MirrorError("store-lost", { reason: `pack ${pack.key} is damaged at ${place.offset}` });
    let base = -1;
    if (head.type === objectTypes.ofsDelta) base = this.#union.at(place.pack, place.offset - head.distance);
    else if (head.type === objectTypes.refDelta) base = this.#union.require(bytes, head.baseAt);
    return { place, type: head.type, size: head.size, base, bytes, dataAt: head.dataAt };
  }
}
