import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { ArchiveIndex } from "../../src/core/opam/archive-index.ts";
import { ArchiveIndexBuilder } from "../../src/core/opam/archive-index-builder.ts";
import { urlKey } from "../../src/core/opam/archive-key.ts";
import type { ArchiveProblem } from "../../src/core/opam/archive-problem.ts";
import { normalizedUrl } from "../../src/core/opam/archive-url.ts";
import type { Checksum, ChecksumAlgorithm } from "../../src/core/opam/checksum.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { cpuMs } from "../support/cpu-time.ts";

const macrotask = () => new Promise<void>((resolve) => setImmediate(resolve));
const newSlice = () => new Slice(systemClock, macrotask, 4);
const bytes = (text: string) => new TextEncoder().encode(text);
const sum = (algorithm: ChecksumAlgorithm, seed: string): Checksum => ({
  algorithm,
  hex: createHash(algorithm).update(seed).digest("hex"),
});
const text = ({ algorithm, hex }: Checksum) => `${algorithm}=${hex}`;
const list = (sums: readonly Checksum[]) => `[${sums.map((each) => `"${text(each)}"`).join(" ")}]`;

interface Built {
  readonly index: ArchiveIndex;
  readonly problems: readonly ArchiveProblem[];
  readonly paths: readonly string[];
}

async function build(files: Readonly<Record<string, string>>): Promise<Built> {
  const paths = Object.keys(files).sort();
  const builder = new ArchiveIndexBuilder();
  for (const [rank, path] of paths.entries()) builder.add(rank, path, bytes(files[path]!));
  const { tables, problems } = await builder.finish((rank) => paths[rank]!, newSlice());
  return { index: new ArchiveIndex(tables), problems, paths };
}

const byChecksum = ({ index, paths }: Built, checksum: Checksum) =>
  index.filesOfChecksum(checksum, 10).map((rank) => paths[rank]);
const byUrl = ({ index, paths }: Built, url: string) => index.filesOfUrl(url, 10).map((rank) => paths[rank]);

describe("the archive index", () => {
  test("finds opam files by every checksum and URL, however the URL is written", async () => {
    const built = await build({
      a: `url { src: "https://A.example:443/x/../y%7ez.tgz#f" mirrors: "http://b.example/y" checksum: ${list([sum("md5", "1"), sum("sha512", "1")])} }`,
      b: `extra-source "p" { src: "https://c.example/p" checksum: "${text(sum("sha256", "2")).toUpperCase()}" }
          url { archive: "https://d.example/é" checksum: "${sum("md5", "3").hex}" }`,
      c: `url { src: "https://a.example/y~z.tgz" checksum: ${list([sum("md5", "1")])} }`,
    });
    expect(byChecksum(built, sum("md5", "1"))).toEqual(["a", "c"]);
    expect(byChecksum(built, sum("sha512", "1"))).toEqual(["a"]);
    expect(byChecksum(built, sum("md5", "3"))).toEqual(["b"]);
    expect(byUrl(built, "https://a.example/y%7Ez.tgz")).toEqual(["a", "c"]);
    expect(byUrl(built, "http://b.example/y#x")).toEqual(["a"]);
    expect(byUrl(built, "https://d.example/%C3%A9")).toEqual(["b"]);
    expect(byUrl(built, "https://d.example/%c3%a9")).toEqual(["b"]);
    expect(byUrl(built, "https://a.example/y~z.tgz?")).toEqual(["a", "c"]);
    for (const url of [
      "http://a.example/y~z.tgz",
      "https://a.example/y~z.tgz?a",
      "https://a.example/Y~z.tgz",
      "x",
      "",
    ]) {
      expect(built.index.hasUrl(url), url).toBe(false);
    }
    expect(byChecksum(built, sum("md5", "2"))).toEqual([]);
    expect(built.index.filesOfChecksum(sum("md5", "1"), 1)).toHaveLength(1);
    expect(built.index.archives).toBe(3);
  });

  test("reports what cannot be trusted, and indexes the rest", async () => {
    const good = `url { src: "https://a.example/good" checksum: ${list([sum("sha256", "good")])} }`;
    const { index, problems } = await build({
      broken: 'url { src: "https://a.example/broken"',
      bare: 'url { src: "https://a.example/bare" }',
      git: 'url { src: "git+https://a.example/git#main" }',
      good,
      local: 'url { src: "/etc/passwd" }',
      odd: `url { src: "https://a.example/odd" checksum: ["sha1=0" "${text(sum("sha256", "odd"))}"] }`,
      weak: `extra-source "f" { src: "https://a.example/weak" checksum: ${list([sum("md5", "weak")])} }`,
      large: `${good}\n# ${"x".repeat(256 * 1024)}`,
    });
    expect(problems.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "no-checksum bare",
      "parse broken",
      "not-an-archive git",
      "parse large",
      "not-an-archive local",
      "malformed-checksum odd",
      "weak-checksum weak",
    ]);
    expect(problems.find(({ path }) => path === "broken")?.message).toMatch(/^line 1: /);
    expect(index.hasUrl("https://a.example/bare")).toBe(true);
    expect(index.hasUrl("https://a.example/good")).toBe(true);
    expect(index.archives).toBe(3);
  });

  test("reports checksums and URLs that stand for different archives, and not those that say less", async () => {
    const { problems } = await build({
      a: `url { src: "https://a.example/1" checksum: ${list([sum("md5", "x"), sum("sha256", "1")])} }`,
      b: `url { src: "https://a.example/2" checksum: ${list([sum("md5", "x"), sum("sha256", "2")])} }`,
      c: `url { src: "https://a.example/3" checksum: ${list([sum("md5", "x"), sum("sha512", "1")])} }`,
      d: `url { src: "https://a.example/3" checksum: ${list([sum("sha512", "4")])} }`,
      e: `url { src: "https://a.example/5" checksum: ${list([sum("sha512", "4")])} }`,
      f: `url { src: "https://a.example/6" }`,
      g: `url { src: "https://a.example/6" checksum: ${list([sum("sha512", "6")])} }`,
    });
    expect(problems.filter(({ kind }) => kind === "conflict").map(({ path, message }) => [path, message])).toEqual(
      expect.arrayContaining([
        ["b", "names another sha256 than a for the same URL or checksum"],
        ["d", "names another sha512 than c for the same URL or checksum"],
      ]),
    );
    expect(problems.filter(({ kind }) => kind === "conflict")).toHaveLength(2);
  });

  test("of nothing is empty, and other bytes are none", async () => {
    const { index } = await build({});
    expect([index.sections, index.entries, index.archives, index.hasUrl("https://a.example/")]).toEqual([
      0,
      0,
      0,
      false,
    ]);
    const { index: one } = await build({ a: 'url { src: "https://a.example/1" }' });
    const whole = one.ranks.buffer as ArrayBuffer;
    expect(() => new ArchiveIndex(whole.slice(0, -4))).toThrow(RangeError);
    expect(() => new ArchiveIndex(whole.slice(1))).toThrow(RangeError);
    expect(() => new ArchiveIndex(new ArrayBuffer(0))).toThrow(RangeError);
    expect(() => new ArchiveIndex(new ArrayBuffer(64))).toThrow(RangeError);
  });
});

describe("an update of the index", () => {
  const file = fc
    .record({
      sums: fc.array(fc.tuple(fc.constantFrom("md5", "sha256", "sha512"), fc.nat(6)), { maxLength: 3 }),
      urls: fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }),
      broken: fc.boolean(),
    })
    .map(({ sums, urls, broken }) => {
      const [src, ...mirrors] = urls.map((n) => `"https://a.example/${n}"`);
      const checksums = list(sums.map(([algorithm, n]) => sum(algorithm as ChecksumAlgorithm, `${n}`)));
      return `url { src: ${src} mirrors: [${mirrors.join(" ")}] checksum: ${checksums} }${broken && src === '"https://a.example/1"' ? "{" : ""}`;
    });
  const tree = fc.dictionary(fc.constantFrom(..."abcdefghijklmnop"), file, { noNullPrototype: true });

  test("says what a new one of the same files says", async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, fc.array(fc.constantFrom(..."abcdefghijklmnop")), async (then, other, kept) => {
        const now = { ...other };
        for (const path of kept) if (then[path] !== undefined) now[path] = then[path];
        const before = await build(then);
        const fresh = await build(now);
        const unchanged = (path: string) => now[path] !== undefined && now[path] === then[path];
        const ranks = Int32Array.from(before.paths, (path) => (unchanged(path) ? fresh.paths.indexOf(path) : -1));
        const builder = new ArchiveIndexBuilder({
          index: before.index,
          problems: before.problems,
          ranks,
          kept: unchanged,
        });
        for (const [rank, path] of fresh.paths.entries())
          if (!unchanged(path)) builder.add(rank, path, bytes(now[path]!));
        const { tables, problems } = await builder.finish((rank) => fresh.paths[rank]!, newSlice());
        const updated: Built = { index: new ArchiveIndex(tables), problems, paths: fresh.paths };
        for (let n = 0; n <= 12; n++) {
          const url = `https://a.example/${n}`;
          expect(byUrl(updated, url).sort()).toEqual(byUrl(fresh, url).sort());
          for (const algorithm of ["md5", "sha256", "sha512"] as const) {
            const wanted = sum(algorithm, `${n}`);
            expect(byChecksum(updated, wanted).sort()).toEqual(byChecksum(fresh, wanted).sort());
          }
        }
        expect(updated.index.archives).toBe(fresh.index.archives);
        const shown = ({ problems }: Built) =>
          problems
            .filter(({ kind }) => kind !== "conflict")
            .map((problem) => JSON.stringify(problem))
            .sort();
        expect(shown(updated)).toEqual(shown(fresh));
        const conflicts = ({ problems }: Built) => problems.some(({ kind }) => kind === "conflict");
        expect(conflicts(updated)).toBe(conflicts(fresh));
      }),
      { numRuns: 150 },
    );
  });
});

describe("normalized URLs", () => {
  test("are what a browser sends, whatever was written", () => {
    const part = fc.constantFrom(
      ..."aZ0-._~!$&'()*+,;=:@/?#%|[]^{} é\\\"<>`",
      "%41",
      "%2f",
      "%7E",
      "..",
      ".",
      "//",
      "%zz",
    );
    fc.assert(
      fc.property(
        fc.constantFrom("http", "https"),
        fc.array(part),
        fc.constantFrom("a.example", "A.b-c.D:8080", "x", "1.2"),
        (scheme, parts, host) => {
          const written = `${scheme}://${host}/${parts.join("")}`;
          const normalized = normalizedUrl(written);
          const sent = new URL(written).href;
          expect(normalizedUrl(sent)).toBe(normalized);
          expect(normalizedUrl(normalized!)).toBe(normalized);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("are the same when they are normalized again, where escapes would come together", () => {
    expect(normalizedUrl("http://a.example/%%41a")).toBe("http://a.example/%25Aa");
  });

  test.each(["git+https://a.example/x", "ftp://a.example/x", "/x", "", "https://", "http://[", "data:,x"])(
    "%j is none",
    (url) => expect(normalizedUrl(url)).toBeNull(),
  );

  test("take linear time", () => {
    for (const unit of ["a", "a.", "a/", "a-", "%41", "./", "=", "a.b/"]) {
      for (const end of ["", "%", " "]) {
        const ms = cpuMs(() => {
          normalizedUrl(`https://${unit.repeat(100_000)}${end}`);
          normalizedUrl(`https://a.example/${unit.repeat(100_000)}${end}`);
        });
        expect(ms).toBeLessThan(500);
      }
    }
  });

  test("have distinct keys", () => {
    const keys = new Set<number>();
    for (let i = 0; i < 20_000; i++) keys.add(urlKey(`https://a.example/releases/v${i}/x-${i}.tar.gz`).high);
    // Among 2^32, twenty thousand meet about once in twenty tries.
    expect(keys.size).toBeGreaterThan(19_995);
  });
});

test("deciding about a URL that nobody names takes microseconds", async () => {
  const files: Record<string, string> = {};
  for (let i = 0; i < 3_000; i++) {
    files[`p${i}`] =
      `url { src: "https://a.example/${i}.tar.gz" checksum: ${list([sum("md5", `${i}`), sum("sha256", `${i}`)])} }`;
  }
  const { index } = await build(files);
  const times = Array.from({ length: 10_000 }, (_, i) => {
    const url = `https://${i % 2 === 0 ? "a.example" : `h${i}.example`}/some/path/${i}.js?v=${i}`;
    const started = performance.now();
    if (index.hasUrl(url)) throw new Error(url);
    return performance.now() - started;
  }).sort((a, b) => a - b);
  expect(times[9_900]).toBeLessThan(0.1);
});
