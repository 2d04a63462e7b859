import { MirrorError } from "../errors.ts";
import { applyDelta, deltaSizes } from "./delta.ts";
import type { Digest } from "./digest.ts";
import { corrupt, Inflater, needMore } from "./inflate.ts";
import type { Limits } from "./limits.ts";
import { objectTypes } from "./object-type.ts";
import { toHex } from "./oid.ts";
import { PackEntryHead } from "./pack-entry.ts";

/** Bytes of a stored pack around a position. `at` is where the position lies in `bytes`. */
export interface PackBytes {
  readonly bytes: Uint8Array;
  readonly at: number;
}

export interface StoredPack {
  readonly key: string;
  readonly size: number;
  /** Bytes from `offset`, at least `length` or up to the end of the pack; of up to 4096 fewer may come unless the pack was opened to be read as a whole. May answer at once from memory. */
  bytes(offset: number, length: number): PackBytes | Promise<PackBytes>;
  /** Position of the entry of that oid, or -1. */
  offsetOf(oid: Uint8Array): Promise<number>;
}

export interface StoredObject {
  readonly type: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An object, and its zlib stream where the pack has it whole. */
export interface PackedObject extends StoredObject {
  readonly zlib?: Uint8Array;
}

interface Entry {
  readonly type: number;
  readonly baseOffset: number;
  readonly data: Uint8Array<ArrayBuffer>;
  /** The data as it is compressed. */
  readonly zlib: Uint8Array;
}

const firstRead = 4096;
/** Enough for the longest head: a size, and an oid or a distance. */
const headBytes = 64;

/** Reads objects out of stored packs: slice, inflate, follow the delta chain. Damage is reported as `store-lost`. */
export class StoredObjectReader {
  readonly #limits: Limits;
  readonly #inflater: Inflater = new Inflater();
  readonly #head: PackEntryHead = new PackEntryHead();
  readonly #bases: Map<string, StoredObject> = new Map();
  readonly #baseBytes: number;
  #held = 0;

  /** `baseBytes` bounds the bases kept in memory. */
  constructor(limits: Limits, baseBytes: number = 2 << 20) {
    this.#limits = limits;
    this.#baseBytes = baseBytes;
  }

  async read(pack: StoredPack, offset: number): Promise<PackedObject> {
    const deltas: Uint8Array<ArrayBuffer>[] = [];
    let at = offset;
    let object: StoredObject | undefined;
    for (;;) {
      object = deltas.length === 0 ? undefined : this.#base(pack, at);
      if (object !== undefined) break;
      const entry = await this.#entry(pack, at);
      if (entry.type < objectTypes.ofsDelta) {
        if (deltas.length === 0) return { type: entry.type, bytes: entry.data, zlib: entry.zlib };
        object = { type: entry.type, bytes: entry.data };
        this.#keep(pack, at, object);
        break;
      }
      deltas.push(entry.data);
      if (deltas.length > this.#limits.deltaDepth) throw damaged(pack, offset);
      at = entry.baseOffset;
    }
    for (let delta = deltas.pop(); delta !== undefined; delta = deltas.pop()) {
      const sizes = deltaSizes(delta, 0, delta.length);
      if (sizes === null || sizes.base !== object.bytes.length || sizes.result > this.#limits.treeBytes)
        throw damaged(pack, offset);
      const result = new Uint8Array(sizes.result);
      if (
        applyDelta(delta, sizes.at, delta.length, object.bytes, 0, object.bytes.length, result, 0, result.length) !==
        null
      )
        throw damaged(pack, offset);
      object = { type: object.type, bytes: result };
    }
    return object;
  }

  /** Type number of an object, from the heads of its delta chain alone. */
  async type(pack: StoredPack, offset: number): Promise<number> {
    let at = offset;
    for (let depth = 0; depth <= this.#limits.deltaDepth; depth++) {
      if (at < 12 || at >= pack.size) break;
      const found = pack.bytes(at, headBytes);
      const view = found instanceof Promise ? await found : found;
      const head = this.#head;
      if (head.read(view.bytes, view.at, view.bytes.length) !== null) break;
      if (head.type === objectTypes.refDelta) at = await pack.offsetOf(view.bytes.slice(head.baseAt, head.baseAt + 20));
      else if (head.type === objectTypes.ofsDelta) at -= head.distance;
      else return head.type;
    }
    throw damaged(pack, offset);
  }

  async #entry(pack: StoredPack, offset: number): Promise<Entry> {
    for (let length = firstRead; ; length *= 4) {
      if (offset < 12 || offset >= pack.size) throw damaged(pack, offset);
      const found = pack.bytes(offset, length);
      const view = found instanceof Promise ? await found : found;
      const entry = this.#parse(pack, offset, view.bytes, view.at);
      if (entry === null) {
        if (length > pack.size) throw damaged(pack, offset);
        continue;
      }
      if (entry.baseOffset < 0) {
        const head = this.#head;
        head.read(view.bytes, view.at, view.bytes.length);
        const baseOffset = await pack.offsetOf(view.bytes.slice(head.baseAt, head.baseAt + 20));
        return { ...entry, baseOffset };
      }
      return entry;
    }
  }

  /** Null when more bytes are needed; a base offset of -1 for a ref-delta. */
  #parse(pack: StoredPack, offset: number, bytes: Uint8Array, at: number): Entry | null {
    const head = this.#head;
    const problem = head.read(bytes, at, bytes.length);
    if (problem === "more") return null;
    if (problem !== null) throw damaged(pack, offset);
    const size = head.size;
    if (size > this.#limits.treeBytes) throw damaged(pack, offset);
    const data = new Uint8Array(size);
    const after = this.#inflater.inflate(bytes, head.dataAt, bytes.length, data, 0, size);
    if (after === needMore) return null;
    if (after === corrupt) throw damaged(pack, offset);
    const zlib = bytes.subarray(head.dataAt, after);
    if (head.type === objectTypes.ofsDelta) {
      const baseOffset = offset - head.distance;
      if (baseOffset < 12 || head.distance === 0) throw damaged(pack, offset);
      return { type: head.type, baseOffset, data, zlib };
    }
    return { type: head.type, baseOffset: head.type === objectTypes.refDelta ? -1 : 0, data, zlib };
  }

  #base(pack: StoredPack, at: number): StoredObject | undefined {
    const key = `${pack.key}:${at}`;
    const held = this.#bases.get(key);
    if (held !== undefined) {
      this.#bases.delete(key);
      this.#bases.set(key, held);
    }
    return held;
  }

  #keep(pack: StoredPack, at: number, object: StoredObject): void {
    const key = `${pack.key}:${at}`;
    // Two reads at a time may both have found that it was not held.
    if (object.bytes.length > this.#baseBytes / 8 || this.#bases.has(key)) return;
    this.#bases.set(key, object);
    this.#held += object.bytes.length;
    for (const [first, oldest] of this.#bases) {
      if (this.#held <= this.#baseBytes) break;
      this.#bases.delete(first);
      this.#held -= oldest.bytes.length;
    }
  }
}

function damaged(pack: StoredPack, offset: number): MirrorError {
  return new MirrorError("store-lost", { reason: `pack ${pack.key} is damaged at ${offset}` });
}

const encoder = new TextEncoder();

/** Hex oid of an object, hashed again. */
export function hashObject(sha1: Digest, kind: string, bytes: Uint8Array): string {
  sha1.init();
  sha1.update(encoder.encode(`${kind} ${bytes.length}\0`));
  sha1.update(bytes);
  return toHex(sha1.digest());
}
