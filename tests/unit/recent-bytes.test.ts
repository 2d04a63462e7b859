import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecentBytes, recentBytes } from "../../src/serve/recent-bytes.ts";

/** The byte at a place of the stream. */
const byteAt = (at: number) => (at * 7 + (at >>> 8) * 13 + (at >>> 16)) & 255;
const stretch = (from: number, length: number) => Uint8Array.from({ length }, (_, i) => byteAt(from + i));

describe("the newest bytes of a stream", () => {
  test("are what was added, however it was added, and at least as many as are promised", () => {
    const lengths = fc.array(fc.oneof(fc.nat(300_000), fc.constantFrom(0, 1, recentBytes, recentBytes + 5)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(lengths, fc.nat(), (lengths, seed) => {
        const recent = new RecentBytes();
        let size = 0;
        for (const length of lengths) {
          recent.add(stretch(size, length));
          size += length;
          const oldest = Math.max(0, size - recentBytes);
          for (const offset of [oldest, size - 1, oldest + (seed % Math.max(1, size - oldest))]) {
            if (offset < oldest || offset >= size) continue;
            const found = recent.read(offset, 1000);
            expect(found?.length).toBeGreaterThan(0);
            expect(Buffer.compare(found!, stretch(offset, found!.length))).toBe(0);
          }
          expect(recent.read(size, 10)).toBeNull();
          if (oldest > 0) expect(recent.read(oldest - 1, 10)).toBeNull();
        }
      }),
      { numRuns: 12 },
    );
  });

  test("are copied, into what is given", () => {
    const recent = new RecentBytes();
    recent.add(stretch(0, 100));
    const into = new Uint8Array(50);
    const found = recent.read(40, 50, into)!;
    expect(found.buffer).toBe(into.buffer);
    expect(found).toEqual(stretch(40, 50));
    const copy = recent.read(40, 50)!;
    copy.fill(0);
    expect(recent.read(40, 50)).toEqual(stretch(40, 50));
  });
});
