import { MirrorError } from "../core/errors.ts";
import type { Digest } from "../core/git/digest.ts";
import { defaultLimits } from "../core/git/limits.ts";
import type { Place } from "../core/git/manifest.ts";
import { kindOf } from "../core/git/object-type.ts";
import { fromHex } from "../core/git/oid.ts";
import type { IndexedPack } from "../core/git/pack-union.ts";
import { hashObject, type PackedObject, StoredObjectReader } from "../core/git/stored-object.ts";
import { createDigest } from "../platform/digest.ts";
import { PackWindows } from "./pack-windows.ts";
import type { Store } from "./store.ts";
import { loadPack, readIdx } from "./whole-pack.ts";

/** What may be loaded of packs that are read here and there. */
const loadedBytes = 32 << 20;

/** All objects of some stored packs, by oid: what an update builds upon. Holds the idx of each pack in memory. */
export class StoredObjects {
  readonly packs: readonly IndexedPack[];
  readonly reader: StoredObjectReader = new StoredObjectReader(defaultLimits);
  readonly #sha1: Digest;

  private constructor(packs: readonly IndexedPack[], sha1: Digest) {
    this.packs = packs;
    this.#sha1 = sha1;
  }

  /**
   * Packs are read through windows of that many bytes. Without, they are loaded as a whole, up to 32 MiB together.
   * Throws `store-lost` when a pack is gone or its idx damaged.
   */
  static async open(
    store: Pick<Store, "pack">,
    keys: readonly string[],
    windowBytes: number | null = null,
  ): Promise<StoredObjects> {
    const windows = new PackWindows(windowBytes ?? 16 << 20);
    let room = windowBytes === null ? loadedBytes : 0;
    const opened = keys.map(async (key): Promise<IndexedPack> => {
      const pack = await store.pack(key);
      if (pack === undefined) throw new MirrorError("store-lost", { reason: `pack ${key} is gone` });
      room -= pack.size;
      return room >= 0 ? loadPack(pack) : { pack: windows.open(pack, true), idx: await readIdx(pack) };
    });
    const [sha1, ...packs] = await Promise.all([createDigest("sha1"), ...opened]);
    return new StoredObjects(packs, sha1);
  }

  /** Where the object is, in the order of the packs given; null when it is in none. */
  find(oids: Uint8Array, at: number): Place | null {
    for (let pack = this.packs.length - 1; pack >= 0; pack--) {
      const offset = this.packs[pack]!.idx.offsetOf(oids, at);
      if (offset >= 0) return { pack, offset };
    }
    return null;
  }

  /** The object, hashed again, or null when it is in none of the packs. Throws `store-lost` when it is damaged. */
  async read(oid: string): Promise<PackedObject | null> {
    const place = this.find(fromHex(oid), 0);
    if (place === null) return null;
    const { pack } = this.packs[place.pack]!;
    const object = await this.reader.read(pack, place.offset);
    if (hashObject(this.#sha1, kindOf(object.type) ?? "", object.bytes) === oid) return object;
    throw new MirrorError("store-lost", { reason: `object ${oid} in pack ${pack.key} is damaged` });
  }

  /** Type number of the object, or 0 when it is in none of the packs. */
  async type(oids: Uint8Array, at: number): Promise<number> {
    const place = this.find(oids, at);
    return place === null ? 0 : this.reader.type(this.packs[place.pack]!.pack, place.offset);
  }
}
