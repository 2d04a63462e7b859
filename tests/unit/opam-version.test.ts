import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions } from "../../src/core/opam/version.ts";

const sign = (a: string, b: string) => Math.sign(compareVersions(a, b));

test.each([
  ["1.0", "1.00"],
  ["1.0", "1.0-0"],
  ["1.0", "1.0-"],
  ["1.", "1.0"],
  ["a", "a0"],
  ["00012", "12"],
  ["1-00", "1-0"],
])("%s and %s are one version", (a, b) => {
  expect(sign(a, b)).toBe(0);
  expect(sign(b, a)).toBe(0);
});

// Each is older than the next.
test.each([
  ["~~", "~~a", "~", "", "a"],
  ["1.0~beta1", "1.0~beta2", "1.0~beta10", "1.0~rc1", "1.0", "1.0-1", "1.0-2", "1.0-10", "1.0a", "1.0+dfsg", "1.0.1"],
  ["v0.9", "v0.9.1", "v0.10", "v1"],
  ["0.9", "v0.9"],
  ["4.14.1", "4.14.1+options", "5.0.0~alpha1", "5.0.0~rc1", "5.0.0", "5.0.0+trunk"],
  ["1.2-beta", "1.2-beta-1", "1.2.3"],
  ["1.9007199254740993", "1.9007199254740994", "1.90071992547409930"],
  ["1A", "1Z", "1a", "1z", "1+"],
])("orders %s, %s, …", (...versions) => {
  for (let i = 0; i < versions.length; i++) {
    for (let j = 0; j < versions.length; j++) expect(sign(versions[i]!, versions[j]!)).toBe(Math.sign(i - j));
  }
});

test("is an order", () => {
  const version = fc
    .array(fc.constantFrom("0", "1", "9", "00", "~", "-", "+", ".", "a", "Z", "10"))
    .map((p) => p.join(""));
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(sign(a, b) + sign(b, a)).toBe(0);
      if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
      if (sign(a, b) === 0) expect(sign(a, c)).toBe(sign(b, c));
    }),
    { numRuns: 5000 },
  );
});
