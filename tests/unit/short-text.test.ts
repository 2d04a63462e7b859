import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shortText } from "../../src/core/short-text.ts";

describe("shortText", () => {
  it("is what a decoder makes of the same bytes, plain or not, short or long", () => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ maxLength: 5000 }), fc.constant("\ufeffpackages"));
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 8 }), fc.nat(8), (middle, odd, cut) => {
        const bytes = new Uint8Array([...odd, ...new TextEncoder().encode(middle), ...odd]);
        const from = Math.min(cut, bytes.length);
        const to = Math.max(from, bytes.length - cut);
        expect(shortText(bytes, from, to)).toBe(decoder.decode(bytes.subarray(from, to)));
      }),
    );
  });

  it("reads all the bytes that one call may take as arguments", () => {
    for (const length of [0, 1, 2047, 2048, 2049, 100_000]) {
      const bytes = new Uint8Array(length).fill(97);
      expect(shortText(bytes, 0, length)).toBe("a".repeat(length));
    }
  });
});
