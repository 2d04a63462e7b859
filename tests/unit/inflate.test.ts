import { constants, deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { corrupt, Inflater, needMore, paused } from "../../src/core/git/inflate.ts";

const inflater = new Inflater();

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + 64).fill(0xa5);
  result.set(bytes);
  return result;
}

function inflate(stream: Uint8Array, size: number, end: number = stream.length): { at: number; out: Uint8Array } {
  const out = new Uint8Array(size + 300);
  const at = inflater.inflate(padded(stream), 0, end, out, 0, size);
  return { at, out: out.subarray(0, size) };
}

const text = fc
  .array(fc.constantFrom("depends: ", "ocaml", '"', "{>= 4.02}\n", "build", "x", "dune "), { maxLength: 4000 })
  .map((words) => new TextEncoder().encode(words.join("")));
const content = fc.oneof(text, fc.uint8Array({ maxLength: 5000 }));
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FIXED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FILTERED,
  ),
  windowBits: fc.integer({ min: 9, max: 15 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
});

describe("Inflater", () => {
  it("inflates what zlib deflates, and says where it ends", () => {
    fc.assert(
      fc.property(content, options, (bytes, how) => {
        const stream = deflateSync(bytes, how);
        const { at, out } = inflate(stream, bytes.length);
        expect(at).toBe(stream.length);
        expect(Buffer.compare(out, bytes)).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it("gives the same in parts as in one go, for good streams, cut ones and damaged ones", () => {
    const spoil = fc.oneof(fc.constant(null), fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })));
    const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
    let pauses = 0;
    fc.assert(
      fc.property(content, options, fc.integer({ min: 1, max: 20 }), spoil, share, (bytes, how, step, flip, kept) => {
        const stream = deflateSync(bytes, how);
        if (flip !== null) stream[flip[0] % stream.length]! ^= flip[1];
        const source = padded(stream);
        const end = Math.floor(stream.length * kept);
        const whole = inflate(stream, bytes.length, end);
        const out = new Uint8Array(bytes.length + 300);
        let at = inflater.inflate(source, 0, end, out, 0, bytes.length, step);
        for (; at === paused; pauses++) at = inflater.goOn(source, end, out, 0, bytes.length, step);
        expect(at).toBe(whole.at);
        if (at > 0) expect(Buffer.compare(out.subarray(0, bytes.length), bytes)).toBe(0);
      }),
      { numRuns: 600 },
    );
    expect(pauses).toBeGreaterThan(300);
  });

  it("asks for more at every cut, whatever follows the cut", () => {
    fc.assert(
      fc.property(content, options, fc.double({ min: 0, max: 0.9999, noNaN: true }), (bytes, how, share) => {
        const stream = deflateSync(bytes, how);
        expect(inflate(stream, bytes.length, Math.floor(stream.length * share)).at).toBe(needMore);
      }),
      { numRuns: 400 },
    );
  });

  it("refuses a size that is off by one", () => {
    fc.assert(
      fc.property(content, options, (bytes, how) => {
        const stream = deflateSync(bytes, how);
        expect(inflate(stream, bytes.length + 1).at).toBe(corrupt);
        if (bytes.length > 0) expect(inflate(stream, bytes.length - 1).at).toBe(corrupt);
      }),
      { numRuns: 200 },
    );
  });

  it("agrees with zlib on damaged streams", () => {
    fc.assert(
      fc.property(
        content,
        options,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
        (bytes, how, flips) => {
          const stream = deflateSync(bytes, how);
          for (const [where, mask] of flips) stream[where % stream.length]! ^= mask;
          let expected: Buffer | null = null;
          try {
            expected = inflateSync(stream);
          } catch {
            expected = null;
          }
          const { at, out } = inflate(stream, bytes.length);
          if (expected?.length === bytes.length) {
            expect(at).toBeGreaterThan(0);
            expect(Buffer.compare(out, expected)).toBe(0);
          } else expect(at).toBeLessThan(0);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
