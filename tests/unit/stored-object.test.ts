import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { defaultLimits } from "../../src/core/git/limits.ts";
import { objectTypes } from "../../src/core/git/object-type.ts";
import { ofsDeltaDistance, packEntryHead } from "../../src/core/git/pack-entry.ts";
import { StoredObjectReader, type StoredPack } from "../../src/core/git/stored-object.ts";

const baseSize = 1_000;

/** Pairs of a blob and an ofs-delta that copies all of it; `asked` counts the positions that were read. */
function packOfPairs(count: number) {
  const parts: Uint8Array[] = [new Uint8Array(12)];
  const deltas: { at: number; base: number; fill: number }[] = [];
  const length = () => parts.reduce((sum, part) => sum + part.length, 0);
  for (let fill = 1; fill <= count; fill++) {
    const base = length();
    parts.push(packEntryHead(objectTypes.blob, baseSize), deflateSync(new Uint8Array(baseSize).fill(fill)));
    const at = length();
    // Both sizes in two bytes of seven bits each; then "copy 1,000 bytes from 0".
    const delta = Uint8Array.of(0xe8, 7, 0xe8, 7, 0xb0, 0xe8, 3);
    parts.push(packEntryHead(objectTypes.ofsDelta, delta.length), ofsDeltaDistance(at - base), deflateSync(delta));
    deltas.push({ at, base, fill });
  }
  const bytes = Buffer.concat([...parts, new Uint8Array(20)]);
  const asked = new Map<number, number>();
  const pack: StoredPack = {
    key: "pack",
    size: bytes.length,
    bytes: async (offset) => {
      asked.set(offset, (asked.get(offset) ?? 0) + 1);
      return { bytes, at: offset };
    },
    offsetOf: async () => -1,
  };
  return { pack, deltas, asked };
}

test("bases stay at hand however many reads meet", async () => {
  const { pack, deltas, asked } = packOfPairs(4);
  const reader = new StoredObjectReader(defaultLimits, 8 * baseSize);
  // Each base is looked for by three reads at a time, and kept by all of them.
  for (const { at, fill } of deltas) {
    const read = await Promise.all([1, 2, 3].map(() => reader.read(pack, at)));
    for (const { type, bytes } of read) {
      expect(type).toBe(objectTypes.blob);
      expect(bytes).toEqual(new Uint8Array(baseSize).fill(fill));
    }
  }
  asked.clear();
  for (const { at } of deltas) await reader.read(pack, at);
  expect(deltas.map(({ base }) => asked.get(base) ?? 0)).toEqual([0, 0, 0, 0]);
});

test("what is held is bounded: the bases used last are those that stay", async () => {
  const { pack, deltas, asked } = packOfPairs(12);
  const reader = new StoredObjectReader(defaultLimits, 8 * baseSize);
  for (const { at } of deltas) await reader.read(pack, at);
  asked.clear();
  for (const { at } of deltas.slice(4)) await reader.read(pack, at);
  expect(deltas.slice(4).every(({ base }) => !asked.has(base))).toBe(true);
  await reader.read(pack, deltas[0]!.at);
  expect(asked.get(deltas[0]!.base)).toBe(1);
});
