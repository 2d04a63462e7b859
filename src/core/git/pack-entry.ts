import { objectTypes } from "./object-type.ts";

/** The head of a pack entry (Git documentation, gitformat-pack). Reused, for there is one per object. */
export class PackEntryHead {
  type = 0;
  size = 0;
  /** For an ofs-delta: how far before this entry its base starts. */
  distance = 0;
  /** For a ref-delta: where the 20 bytes of the base's oid are. */
  baseAt = 0;
  /** First byte of the compressed data. */
  dataAt = 0;

  get isDelta(): boolean {
    return this.type >= objectTypes.ofsDelta;
  }

  /** Reads the head at `bytes[from..to)`. Returns null when it was read, `more` when it is cut off, else what is wrong. */
  read(bytes: Uint8Array, from: number, to: number): null | "more" | string {
    let at = from;
    if (at >= to) return "more";
    let byte = bytes[at++]!;
    this.type = (byte >> 4) & 7;
    let size = byte & 15;
    let factor = 16;
    while (byte & 128) {
      if (at >= to) return "more";
      byte = bytes[at++]!;
      size += (byte & 127) * factor;
      factor *= 128;
      if (size > 0xffffffff) return "an entry's size is beyond 4 GiB";
      if (factor > 2 ** 60) return "an entry's size has too many bytes";
    }
    this.size = size;
    if (this.type === objectTypes.ofsDelta) {
      if (at >= to) return "more";
      byte = bytes[at++]!;
      let distance = byte & 127;
      while (byte & 128) {
        if (at >= to) return "more";
        byte = bytes[at++]!;
        distance = (distance + 1) * 128 + (byte & 127);
        if (distance > 0xffffffff) return "a delta's base offset is beyond 4 GiB";
      }
      this.distance = distance;
    } else if (this.type === objectTypes.refDelta) {
      if (at + 20 > to) return "more";
      this.baseAt = at;
      at += 20;
    } else if (this.type === 0 || this.type === 5) {
      return `an entry has the invalid type ${this.type}`;
    }
    this.dataAt = at;
    return null;
  }
}

/** The head of an entry that is no delta; with `ofsDeltaDistance` behind it, that of an ofs-delta. */
export function packEntryHead(type: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let byte = (type << 4) | (size & 15);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 128);
    byte = rest & 127;
  }
  bytes.push(byte);
  return Uint8Array.from(bytes);
}

/** How far before its delta a base starts, as an ofs-delta's head says it. */
export function ofsDeltaDistance(distance: number): Uint8Array<ArrayBuffer> {
  const bytes = [distance & 127];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    bytes.unshift((rest & 127) | 128);
  }
  return Uint8Array.from(bytes);
}
