import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "../../src/core/git/crc32.ts";
import { applyDelta, deltaSizes } from "../../src/core/git/delta.ts";
import { Manifest, ManifestBuilder } from "../../src/core/git/manifest.ts";
import { fromHex, toHex } from "../../src/core/git/oid.ts";
import { PackEntryHead, packEntryHead } from "../../src/core/git/pack-entry.ts";
import { PktLineProblem, PktLineReader, pktLine, remoteText } from "../../src/core/git/pkt-line.ts";
import { copy, delta, insert } from "../support/forge/delta-forge.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("oids", () => {
  it("go to hexadecimal and back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect([...fromHex(toHex(bytes))]).toEqual([...bytes]);
      }),
    );
    expect(() => fromHex("0")).toThrow(RangeError);
    expect(() => fromHex("zz")).toThrow(RangeError);
  });
});

describe("crc32", () => {
  it("has the check value of the standard, at every alignment", () => {
    const check = bytesOf("123456789");
    for (let pad = 0; pad < 8; pad++) {
      const bytes = new Uint8Array(pad + check.length + 3);
      bytes.set(check, pad);
      expect(crc32(bytes, pad, pad + check.length)).toBe(0xcbf43926);
    }
  });
});

describe("entry heads", () => {
  it("are read as they are written, and ask for more when cut", () => {
    const head = new PackEntryHead();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 0xffffffff }), (type, size) => {
        const bytes = packEntryHead(type, size);
        expect(head.read(bytes, 0, bytes.length)).toBeNull();
        expect([head.type, head.size, head.dataAt]).toEqual([type, size, bytes.length]);
        expect(head.read(bytes, 0, bytes.length - 1)).toBe("more");
      }),
    );
  });
});

describe("deltas", () => {
  it("build what their instructions say", () => {
    const parts = fc.array(
      fc.oneof(
        fc.record({ from: fc.nat(999), length: fc.integer({ min: 1, max: 500 }) }),
        fc.uint8Array({ minLength: 1, maxLength: 127 }),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1000, maxLength: 3000 }), parts, (base, instructions) => {
        const expected: number[] = [];
        const codes = instructions.map((part) => {
          if (part instanceof Uint8Array) {
            expected.push(...part);
            return insert(part);
          }
          const length = Math.min(part.length, base.length - part.from);
          expected.push(...base.subarray(part.from, part.from + length));
          return copy(part.from, length);
        });
        const bytes = delta(base.length, expected.length, ...codes);
        const sizes = deltaSizes(bytes, 0, bytes.length)!;
        expect([sizes.base, sizes.result]).toEqual([base.length, expected.length]);
        const target = new Uint8Array(expected.length + 8).fill(7);
        expect(applyDelta(bytes, sizes.at, bytes.length, base, 0, base.length, target, 4, expected.length)).toBeNull();
        expect([...target]).toEqual([7, 7, 7, 7, ...expected, 7, 7, 7, 7]);
      }),
    );
  });
});

describe("manifests", () => {
  const segment = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes("/"));
  const paths = fc.uniqueArray(
    fc.array(segment, { minLength: 1, maxLength: 4 }).map((names) => names.join("/")),
    { maxLength: 60, selector: (path) => toHex(bytesOf(path)) },
  );

  it("find every path that was put in, with its oid and place, and no other", () => {
    fc.assert(
      fc.property(paths, fc.string(), (names, other) => {
        const sorted = names
          .map((path) => ({ path, bytes: bytesOf(path) }))
          .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
        const builder = new ManifestBuilder();
        const oid = (rank: number) => new Uint8Array(20).fill(rank + 1);
        sorted.forEach(
          ({ bytes }, rank) => void builder.add(bytes, bytes.length, oid(rank), 0, rank % 3, rank * 1000 + 12),
        );
        const manifest = new Manifest(builder.finish());
        expect(manifest.count).toBe(sorted.length);
        sorted.forEach(({ bytes }, rank) => {
          const path = new TextDecoder().decode(bytes);
          const found = manifest.find(path);
          expect(found).toBe(rank);
          expect(manifest.path(rank)).toBe(path);
          expect(manifest.oid(rank)).toBe(toHex(oid(rank)));
          expect(manifest.place(rank)).toEqual({ pack: rank % 3, offset: rank * 1000 + 12 });
          expect(manifest.lowerBound(path)).toBe(rank);
        });
        if (!sorted.some(({ bytes }) => Buffer.compare(bytes, bytesOf(other)) === 0))
          expect(manifest.find(other)).toBe(-1);
      }),
      { numRuns: 60 },
    );
  });

  it("are told from other bytes", () => {
    const good = new ManifestBuilder();
    good.add(bytesOf("repo"), 4, new Uint8Array(20), 0, 0, 12);
    const bytes = good.finish();
    expect(() => new Manifest(bytes.slice(0, -1))).toThrow(RangeError);
    expect(() => new Manifest(new ArrayBuffer(40))).toThrow(RangeError);
  });
});

describe("pkt-lines", () => {
  const reader = (bytes: Uint8Array, step: number) => {
    let at = 0;
    return new PktLineReader(() => {
      const chunk = at < bytes.length ? bytes.slice(at, at + step) : undefined;
      at += step;
      return Promise.resolve(chunk);
    });
  };

  it("come out whole however the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 300 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 50 }),
        async (lines, step) => {
          const packets = reader(bytesOf(`${lines.map(pktLine).join("")}0000`), step);
          for (const line of lines) {
            const packet = await packets.read();
            expect(packet?.type === "data" && new TextDecoder("utf-8", { ignoreBOM: true }).decode(packet.bytes)).toBe(
              new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(`${line}\n`)),
            );
          }
          expect(await packets.read()).toEqual({ type: "flush" });
          expect(await packets.read()).toBeNull();
        },
      ),
    );
  });

  it.each(["0003", "zzzz", "fff5", "00"])("refuse %s", async (text) => {
    await expect(reader(bytesOf(text), 10).read()).rejects.toBeInstanceOf(PktLineProblem);
  });

  it("lose control characters and terminal escapes as text for people", () => {
    expect(remoteText(bytesOf("\u001b[31mCounting\u001b[0m objects:\r 5%\u0007\u202e"))).toBe("Counting objects:  5%");
    expect(remoteText(new Uint8Array(100_000).fill(65)).length).toBe(500);
  });
});
