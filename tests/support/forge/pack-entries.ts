import { inflateSync } from "node:zlib";
import { concat } from "./git-object.ts";
import { entryHeader, offsetBytes, ofsDeltaType, PackForge, refDeltaType } from "./pack-forge.ts";

/** One entry of a right pack, taken apart so that it can be put together differently. */
export interface PackEntry {
  readonly type: number;
  /** Inflated bytes, as the header says. */
  readonly size: number;
  /** Number of the base's entry, for an ofs-delta. */
  readonly base: number | null;
  /** The 20 bytes of a ref-delta's base id. */
  readonly ref: Uint8Array;
  readonly zlib: Uint8Array;
}

/** The entries of a pack that Git made. Throws on a damaged one. */
export function packEntries(pack: Uint8Array): PackEntry[] {
  const count = Buffer.from(pack.buffer, pack.byteOffset, 12).readUInt32BE(8);
  const numbers = new Map<number, number>();
  const entries: PackEntry[] = [];
  const byte = (at: number): number => pack[at] ?? 0;
  let at = 12;
  for (let i = 0; i < count; i++) {
    const start = at;
    numbers.set(start, i);
    const type = (byte(at) >> 4) & 7;
    let size = byte(at) & 15;
    for (let scale = 16; (byte(at++) & 0x80) !== 0; scale *= 128) size += (byte(at) & 127) * scale;
    let base: number | null = null;
    let ref = pack.subarray(at, at);
    if (type === ofsDeltaType) {
      let distance = byte(at) & 127;
      while ((byte(at++) & 0x80) !== 0) distance = (distance + 1) * 128 + (byte(at) & 127);
      base = numbers.get(start - distance) ?? null;
    } else if (type === refDeltaType) {
      ref = pack.subarray(at, at + 20);
      at += 20;
    }
    const used = inflatedLength(pack.subarray(at));
    entries.push({ type, size, base, ref, zlib: pack.subarray(at, at + used) });
    at += used;
  }
  return entries;
}

/** A pack of these entries; distances of ofs-deltas are written anew, for the places where the bases stand now. */
export function packOf(entries: readonly PackEntry[], count: number = entries.length): Uint8Array {
  const pack = new PackForge();
  const offsets: number[] = [];
  for (const entry of entries) {
    const distance = entry.base === null ? 0 : Math.max(0, pack.offset - (offsets[entry.base] ?? pack.offset + 1));
    const link = entry.type === ofsDeltaType ? offsetBytes(distance) : entry.ref;
    offsets.push(pack.raw(concat(entryHeader(entry.type, entry.size), link, entry.zlib)));
  }
  return pack.finish({ count });
}

function inflatedLength(input: Uint8Array): number {
  const { engine } = inflateSync(input, { info: true }) as unknown as { engine: { bytesWritten: number } };
  return engine.bytesWritten;
}
