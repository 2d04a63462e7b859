import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBytes, formatRate } from "../../src/dashboard/format/bytes.ts";
import { formatNoun } from "../../src/dashboard/format/count.ts";
import { formatDuration, formatTimeLeft } from "../../src/dashboard/format/duration.ts";
import { hexDump } from "../../src/dashboard/format/hex.ts";
import { formatAbsolute, formatRelative } from "../../src/dashboard/format/moment.ts";
import { preview, textLimit } from "../../src/dashboard/format/preview.ts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const byteFactors: Record<string, number> = { byte: 1, bytes: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15 };
const timeFactors: Record<string, number> = { ms: 1, s: 1e3, min: 6e4, h: 3.6e6, d: 8.64e7 };

function readBytes(text: string): number {
  const [value, unit] = plain(text).split(" ");
  return Number(value) * byteFactors[unit ?? ""]!;
}
function readDuration(text: string): number {
  const words = plain(text).split(" ");
  let total = 0;
  for (let at = 0; at < words.length; at += 2) total += Number(words[at]) * timeFactors[words[at + 1] ?? ""]!;
  return total;
}

describe("bytes", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [10_480_000, "10.5 MB"],
    [999_499, "999 kB"],
    [999_500, "1 MB"],
    [-1, "–"],
    [Number.NaN, "–"],
  ])("%d is %s", (bytes, text) => expect(plain(formatBytes(bytes))).toBe(text));

  it("is within half a percent of the truth, and never has four digits", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9e17, noNaN: true }), (bytes) => {
        const text = formatBytes(bytes);
        expect(Math.abs(readBytes(text) - bytes)).toBeLessThanOrEqual(Math.max(0.5, bytes * 0.005));
        expect(plain(text)).toMatch(/^\d{1,3}(\.\d{1,2})? \w+$/);
      }),
    );
  });

  it("orders as the numbers do", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), (a, b) => {
        const [small, large] = a <= b ? [a, b] : [b, a];
        expect(readBytes(formatBytes(small))).toBeLessThanOrEqual(readBytes(formatBytes(large)));
      }),
    );
  });

  it("names a rate", () => {
    expect(plain(formatRate(4_200_000))).toBe("4.2 MB/s");
    expect(formatRate(Number.POSITIVE_INFINITY)).toBe("–");
  });
});

describe("duration", () => {
  it.each([
    [0, "0 ms"],
    [0.44, "0.4 ms"],
    [12.4, "12 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [4_200, "4.2 s"],
    [59_600, "1 min"],
    [80_000, "1 min 20 s"],
    [3_599_600, "1 h"],
    [7_500_000, "2 h 5 min"],
    [8.64e7 - 1, "1 d"],
    [Number.POSITIVE_INFINITY, "–"],
  ])("%d ms is %s", (ms, text) => expect(plain(formatDuration(ms))).toBe(text));

  it("is within five percent of the truth", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e10, noNaN: true }), (ms) => {
        expect(Math.abs(readDuration(formatDuration(ms)) - ms)).toBeLessThanOrEqual(Math.max(0.05001, ms * 0.05));
      }),
    );
  });

  it("carries: no minute has sixty seconds, no hour sixty minutes, no day 24 hours", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 4e8 }), (ms) => {
        const words = plain(formatDuration(ms)).split(" ");
        if (words.length === 4) expect(Number(words[2])).toBeLessThan(words[3] === "h" ? 24 : 60);
        expect(words[0] === "60" || (words[0] === "24" && words[1] === "h")).toBe(false);
      }),
    );
  });

  it("never promises less time than is left, nor 35 s more than a tenth above it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80_000_000 }), (ms) => {
        const promised = readDuration(formatTimeLeft(ms));
        expect(promised).toBeGreaterThanOrEqual(ms > 3_600_000 ? ms - 60_000 : ms);
        expect(promised).toBeLessThanOrEqual(ms * 1.1 + 35_000);
      }),
    );
  });
});

describe("moments", () => {
  const now = Date.parse("2026-08-27T12:00:00Z");
  it.each([
    [0, "just now"],
    [-4_999, "just now"],
    [-12_000, "12 seconds ago"],
    [-60_000, "1 minute ago"],
    [-3_599_000, "59 minutes ago"],
    [-3 * 86_400_000, "3 days ago"],
    [-45 * 86_400_000, "1 month ago"],
    [-800 * 86_400_000, "2 years ago"],
    [120_000, "in 2 minutes"],
  ])("%d ms away is %s", (delta, text) => expect(formatRelative(now + delta, now)).toBe(text));

  it("has a word for every moment, past or future", () => {
    fc.assert(
      fc.property(fc.integer({ min: -3e12, max: 3e12 }), (delta) => {
        const text = formatRelative(now + delta, now);
        expect(text).toMatch(/^(just now|[1-9]\d* (second|minute|hour|day|month|year)s? ago|in [1-9]\d* \w+)$/);
        if (delta > 5_000) expect(text).toMatch(/^in /);
      }),
    );
    expect(formatRelative(Date.parse("nonsense"), now)).toBe("–");
  });

  it("writes the day, the minute and the zone", () => {
    expect(formatAbsolute(now, "UTC")).toBe("27 Aug 2026, 12:00 UTC");
    expect(formatAbsolute(Number.NaN)).toBe("–");
  });
});

describe("previews", () => {
  it("shows text as text, whatever character the limit cuts", () => {
    const encoder = new TextEncoder();
    fc.assert(
      fc.property(fc.nat(3), (shift) => {
        const bytes = encoder.encode("a".repeat(shift) + "€".repeat(textLimit));
        const shown = preview(bytes);
        expect(shown.kind).toBe("text");
        expect(shown.text).not.toContain("\ufffd");
        expect(shown.shown).toBe(textLimit);
      }),
    );
  });

  it("shows everything else as a dump, and nothing as nothing", () => {
    expect(preview(Uint8Array.of(0x1f, 0x8b, 0x08)).kind).toBe("hex");
    expect(preview(Uint8Array.of(0xff, 0xfe, 0x41)).kind).toBe("hex");
    expect(preview(new Uint8Array())).toEqual({ kind: "empty", text: "", shown: 0 });
  });

  it("dumps bytes that can be read back", () => {
    expect(hexDump(Uint8Array.of(0x1f, 0x8b, 0x41))).toBe(`000000  ${"1f 8b 41".padEnd(49)} ··A`);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const back = hexDump(bytes)
          .split("\n")
          .flatMap((line) => line.slice(8, 57).trim().split(/\s+/))
          .filter((word) => word !== "")
          .map((word) => Number.parseInt(word, 16));
        expect(back).toEqual([...bytes]);
      }),
    );
  });
});

it("counts nouns", () => {
  expect([formatNoun(1, "file"), formatNoun(4596, "file"), formatNoun(0, "entry", "entries")]).toEqual([
    "1 file",
    "4,596 files",
    "0 entries",
  ]);
});
