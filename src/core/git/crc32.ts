/** CRC-32 of ISO 3309, as the idx of a pack holds it for each packed entry (Git documentation, gitformat-pack). */

const tables: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const result = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)];
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    result[0]![n] = c >>> 0;
  }
  for (let n = 0; n < 256; n++) {
    for (let t = 1; t < 4; t++) {
      const previous = result[t - 1]![n]!;
      result[t]![n] = (result[0]![previous & 255]! ^ (previous >>> 8)) >>> 0;
    }
  }
  return result;
}

const t0 = tables[0]!;
const t1 = tables[1]!;
const t2 = tables[2]!;
const t3 = tables[3]!;

/** Four bytes a step (slicing by four): the whole pack passes through here once. */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  let c = -1;
  let i = from;
  for (const end = to - 3; i < end; i += 4) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    c = t3[c & 255]! ^ t2[(c >>> 8) & 255]! ^ t1[(c >>> 16) & 255]! ^ t0[c >>> 24]!;
  }
  for (; i < to; i++) c = t0[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}
