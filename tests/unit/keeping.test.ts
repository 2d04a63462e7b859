import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { evicted, limitOf } from "../../src/store/eviction.ts";
import { failureGroups } from "../../src/sync/failure-groups.ts";
import { isKeepable } from "../../src/sync/keeping-order.ts";

const archive = fc.record({
  sha256: fc.uuid(),
  size: fc.integer({ min: 0, max: 100 }),
  lastUse: fc.integer({ min: 0, max: 10 }),
  pinned: fc.boolean(),
});
const archives = fc.uniqueArray(archive, { selector: ({ sha256 }) => sha256, maxLength: 20 });
const sum = (some: readonly { readonly size: number }[]) => some.reduce((bytes, { size }) => bytes + size, 0);

describe("eviction", () => {
  test("the least recently used go, none that is kept, and no more than needed", () => {
    fc.assert(
      fc.property(archives, fc.integer({ min: -10, max: 600 }), (all, bytes) => {
        const gone = evicted(all, bytes);
        const unpinned = all.filter(({ pinned }) => !pinned);
        const stay = unpinned.filter((one) => !gone.includes(one));
        expect(gone.every((one) => unpinned.includes(one))).toBe(true);
        expect(new Set(gone).size).toBe(gone.length);
        for (const one of gone) for (const other of stay) expect(one.lastUse).toBeLessThanOrEqual(other.lastUse);
        if (stay.length > 0) expect(sum(gone)).toBeGreaterThanOrEqual(bytes);
        if (gone.length > 0) expect(sum(gone.slice(0, -1))).toBeLessThan(bytes);
        // The order in which a store lists them changes nothing.
        expect(evicted([...all].reverse(), bytes)).toEqual(gone);
      }),
    );
  });

  test("the limit is the smallest that a repository names", () => {
    const keeping = (limitBytes: number | null) => ({ keeping: { limitBytes } });
    expect(limitOf([{}, keeping(null)])).toBeNull();
    expect(limitOf([{}, keeping(7), keeping(null), keeping(5)])).toBe(5);
  });
});

test("failures are grouped by what they have in common", () => {
  const failed = (key: string, tried: string[]) => ({
    item: { key, label: key },
    error: new MirrorError("archive-unavailable", { checksum: key, tried }) as MirrorError,
  });
  const mismatch = new MirrorError("archive-mismatch", { checksum: "d", source: "https://d.example/" }) as MirrorError;
  const groups = failureGroups([
    failed("a", ["https://a.example/x (HTTP status 404)"]),
    failed("b", []),
    failed("c", ["cache.example: HTTP status 200", "c.example/x: HTTP status 404"]),
    { item: { key: "d", label: "d" }, error: mismatch },
    failed("e", ["e.example/x: connect ECONNREFUSED 192.0.2.1:443"]),
    failed("f", ["https://f.example/x (nothing came for 30 s)"]),
  ]);
  expect(groups.map(({ reason, count }) => [reason, count])).toEqual([
    ["The last source answered with HTTP status 404.", 2],
    ["No source has it.", 1],
    ["What a source sent does not match the checksums.", 1],
    ["The last source failed: connect ECONNREFUSED 192.0.2.1:443.", 1],
    ["The last source failed: nothing came for 30 s.", 1],
  ]);
  expect(groups[0]?.archives).toEqual([
    { checksum: "a", label: "a" },
    { checksum: "c", label: "c" },
  ]);
});

test("what can be kept: everything, packages, versions, checksums", () => {
  const good = ["*", "dune", "conf-g++", "dune.3.16.0", "a.1.0~rc1+x-2", `md5=${"0".repeat(32)}`];
  const bad = ["", ".", "dune.", "a b", "../x", "sha256=12", "<b>", "x".repeat(300)];
  expect(good.filter((text) => !isKeepable(text))).toEqual([]);
  expect(bad.filter(isKeepable)).toEqual([]);
});
