import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { defaultLimits } from "../../src/core/git/limits.ts";
import { objectTypes } from "../../src/core/git/object-type.ts";
import { ofsDeltaDistance, packEntryHead } from "../../src/core/git/pack-entry.ts";
import { PackReader } from "../../src/core/git/pack-reader.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createDigest } from "../../src/platform/digest.ts";
import { sha1OfWhole } from "../../src/platform/sha1.ts";

// Entries that are read in parts, between which the reader is asked for other objects.

const { blob, tree, ofsDelta } = objectTypes;

interface Made {
  readonly kind: "blob" | "tree";
  readonly bytes: Uint8Array;
}

/** Bytes that deflate hardly makes smaller. */
function noise(seed: string, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash("sha512").update(`${seed}${i}`).digest(),
  );
  return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
}

function treeOf(entries: number): Uint8Array {
  const lines = Array.from({ length: entries }, (_, i) =>
    Buffer.concat([Buffer.from(`100644 file${String(i).padStart(5, "0")}\0`), noise(`oid${i}`, 20)]),
  );
  return Uint8Array.from(Buffer.concat(lines));
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** A delta that copies the base's first 100 bytes and inserts the rest. */
function deltaOf(base: Uint8Array, added: Uint8Array): { delta: Uint8Array; result: Uint8Array } {
  const result = Buffer.concat([base.subarray(0, 100), added]);
  const parts = [Buffer.from([...varint(base.length), ...varint(result.length), 0x90, 100])];
  for (let at = 0; at < added.length; at += 127) {
    const part = added.subarray(at, at + 127);
    parts.push(Buffer.from([part.length]), Buffer.from(part));
  }
  return { delta: Uint8Array.from(Buffer.concat(parts)), result: Uint8Array.from(result) };
}

/** A pack of small and large blobs, large trees and large deltas, in turn. */
function makePack(): { pack: Uint8Array; objects: Made[] } {
  const objects: Made[] = [];
  const entries: Buffer[] = [];
  let at = 12;
  const add = (head: Uint8Array[], packed: Uint8Array, made: Made): number => {
    const entry = Buffer.concat([...head, deflateSync(packed)]);
    const start = at;
    entries.push(entry);
    objects.push(made);
    at += entry.length;
    return start;
  };
  for (let round = 0; round < 4; round++) {
    const base = noise(`base${round}`, 5_000);
    const baseAt = add([packEntryHead(blob, base.length)], base, { kind: "blob", bytes: base });
    const large = noise(`large${round}`, 300_000);
    add([packEntryHead(blob, large.length)], large, { kind: "blob", bytes: large });
    const { delta, result } = deltaOf(base, noise(`added${round}`, 60_000));
    const head = [packEntryHead(ofsDelta, delta.length), ofsDeltaDistance(at - baseAt)];
    add(head, delta, { kind: "blob", bytes: result });
    const folder = treeOf(1_000 + round);
    add([packEntryHead(tree, folder.length)], folder, { kind: "tree", bytes: folder });
  }
  const header = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(entries.length, 8);
  const body = Buffer.concat([header, ...entries]);
  return { pack: Uint8Array.from(Buffer.concat([body, createHash("sha1").update(body).digest()])), objects };
}

test.each([1_000, 100_000, 10_000_000])("with %i bytes at once and hardly a cache", async (chunkBytes) => {
  const { pack, objects } = makePack();
  const oids = objects.map(({ kind, bytes }) =>
    createHash("sha1").update(`${kind} ${bytes.length}\0`).update(bytes).digest("hex"),
  );
  let asked = 0;
  const check = (oid: string, i: number) => {
    const index = reader.find(oid);
    if (index < 0) return;
    const { bytes, from, size } = reader.content(index);
    expect(Buffer.compare(bytes.subarray(from, from + size), objects[i]!.bytes)).toBe(0);
    asked++;
  };
  let turns = 0;
  const macrotask = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    if (turns++ % 4 === 0) oids.forEach(check);
  };
  const slice = new Slice(systemClock, macrotask, 4, "every");
  const objectSha1 = await createDigest("sha1");
  const reader = new PackReader({
    limits: defaultLimits,
    slice,
    objectSha1,
    packSha1: sha1OfWhole,
    treeCacheBytes: 1_000,
    objectCacheBytes: 1_000,
  });
  for (let from = 0; from < pack.length; from += chunkBytes) await reader.write(pack.subarray(from, from + chunkBytes));
  await reader.end();
  reader.assertResolved();
  oids.forEach(check);
  expect(asked).toBeGreaterThan(objects.length * 5);
  expect(oids.filter((oid) => reader.find(oid) < 0)).toEqual([]);
});
