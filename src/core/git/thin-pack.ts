import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import type { WholeDigest } from "./digest.ts";
import { toHex } from "./oid.ts";
import type { PackBuffer } from "./pack-buffer.ts";
import type { PackDeltas } from "./pack-deltas.ts";
import { packEntryHead } from "./pack-entry.ts";
import type { PackObjects } from "./pack-objects.ts";
import type { PackedObject } from "./stored-object.ts";

export interface ThinPack {
  /** Its bytes without the trailer. */
  readonly buffer: PackBuffer;
  readonly objects: PackObjects;
  readonly deltas: PackDeltas;
}

/** Where a thin pack's bases come from: the object of that oid, or null; and the zlib stream of one that comes without. */
export interface ThinPackBases {
  fetch(oid: string): Promise<PackedObject | null>;
  deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/**
 * Makes a thin pack whole, as `git index-pack --fix-thin` does: appends each base that a delta waits for, and writes a new object count and
 * trailer. Returns the pack's new checksum in hex. Throws `delta-base-missing` when a base is nowhere, `object-corrupt` when it is not what
 * its oid says.
 */
export async function completeThinPack(
  { buffer, objects, deltas }: ThinPack,
  bases: ThinPackBases,
  packSha1: WholeDigest,
  slice: Slice,
): Promise<string> {
  const { table } = objects;
  for (let oid = deltas.missing; oid !== undefined; oid = deltas.missing) {
    const base = await bases.fetch(oid);
    if (base === null)
      throw new MirrorError("delta-base-missing", { base: oid, count: table.count - objects.resolved });
    const size = base.bytes.length;
    const at = buffer.length;
    const head = packEntryHead(base.type, size);
    await buffer.append(head, slice);
    await buffer.append(base.zlib ?? (await bases.deflate(base.bytes)), slice);
    const index = table.count++;
    table.offsets[index] = at;
    table.dataOffsets[index] = at + head.length;
    table.packedTypes[index] = base.type;
    table.packedSizes[index] = size;
    table.crcs[index] = crc32(buffer.bytes, at, buffer.length);
    const arena = objects.arena(base.type);
    arena.place(size);
    arena.segment.set(base.bytes, arena.at);
    objects.enter(index, base.type, size, null, true);
    if (toHex(table.oids, index * 20, index * 20 + 20) !== oid) {
      throw new MirrorError("object-corrupt", { oid, reason: "the stored base of a delta is another object" });
    }
    await deltas.resolveWaiting(index, slice);
  }
  new DataView(buffer.bytes.buffer).setUint32(8, table.count);
  const checksum = await packSha1(buffer.bytes.subarray(0, buffer.length), slice);
  await buffer.append(checksum, slice);
  return toHex(checksum);
}
