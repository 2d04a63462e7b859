import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { unpackTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { ustarEnd, ustarHeader, ustarPadding } from "../../src/core/tar/ustar.ts";
import { buildTarball } from "../../src/store/index-tarball.ts";
import { encode, fakeSnapshot, sha, testSlice } from "../support/fake-snapshot.ts";

describe("ustar headers", () => {
  test("round-trip any path that fits, with size and date", async () => {
    const segment = fc.string({ unit: fc.constantFrom("a", "b", ".", "~", "é", "+"), minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 9 }), fc.nat(1500), async (segments, size) => {
        const path = `x/${segments.join("/")}`;
        let header: Uint8Array;
        try {
          header = ustarHeader(path, size, 1_700_000_000);
        } catch (thrown) {
          expect((thrown as MirrorError).code).toBe("bad-path");
          expect(encode(path).length).toBeGreaterThan(100);
          return;
        }
        const tar = Buffer.concat([header, Buffer.alloc(size, 7), Buffer.alloc(ustarPadding(size)), ustarEnd()]);
        expect(tar.length % 512).toBe(0);
        const [entry] = await unpackTar(tar);
        expect(entry?.header).toMatchObject({ name: path, size, type: "file", mode: 0o644, uid: 0, gid: 0 });
        expect(entry?.header.mtime).toEqual(new Date(1_700_000_000_000));
      }),
      { numRuns: 200 },
    );
  });

  test("splits at the one slash that works, and refuses what cannot be held", () => {
    const longest = `${"p".repeat(155)}/${"n".repeat(99)}`;
    expect(ustarHeader(longest, 0, 0)).toHaveLength(512);
    for (const path of ["", "a\0b", "n".repeat(101), `${"p".repeat(156)}/n`, `p/${"n".repeat(101)}`, `${longest}nn`]) {
      expect(() => ustarHeader(path, 0, 0)).toThrow(MirrorError);
    }
  });

  test("a date that does not fit is clamped, a size is refused", () => {
    const mtime = (value: number) => new TextDecoder().decode(ustarHeader("a", 0, value).subarray(136, 147));
    expect(mtime(-1)).toBe("00000000000");
    expect(mtime(1e15)).toBe("77777777777");
    expect(() => ustarHeader("a", 2 ** 33, 0)).toThrow(MirrorError);
  });
});

describe("index.tar.gz", () => {
  const files: Record<string, string> = {
    repo: "original",
    version: "1\n",
    "README.md": "no",
    "packages/b/b.1/opam": "b",
  };
  for (let i = 0; i < 300; i++) files[`packages/a${i}/a${i}.1.0/opam`] = `synopsis: "${"x".repeat(i * 7)}"\n`;
  files[`packages/${"d".repeat(60)}/${"d".repeat(60)}.1/files/${"f".repeat(60)}`] = "deep";
  files["packages/empty/empty.1/opam"] = "";
  const repo = encode('opam-version: "2.0"\n');
  const expected = Object.entries(files).filter(([path]) => path !== "README.md");
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "index-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("holds the rewritten repo, version and packages, sorted, for modern-tar and for tar", async () => {
    const record = await buildTarball(fakeSnapshot(files), repo, testSlice());
    const bytes = new Uint8Array(await record.bytes.arrayBuffer());
    expect(record).toMatchObject({ snapshot: "default-1", sha256: sha("sha256", bytes) });
    const entries = await unpackTar(gunzipSync(bytes));
    const paths = entries.map(({ header }) => header.name);
    expect(paths).toEqual([...paths].sort());
    expect(new Set(paths)).toEqual(new Set(expected.map(([path]) => path)));
    for (const { header, data } of entries) {
      expect(header.type).toBe("file");
      const content = header.name === "repo" ? new TextDecoder().decode(repo) : files[header.name];
      expect(new TextDecoder().decode(data)).toBe(content);
    }
    const path = join(folder, "index.tar.gz");
    writeFileSync(path, bytes);
    const listed = execFileSync("tar", ["tvzf", path], { encoding: "utf8", env: { ...process.env, TZ: "UTC" } })
      .trim()
      .split("\n");
    expect(listed).toHaveLength(expected.length);
    for (const line of listed) expect(line).toMatch(/^-rw-r--r-- (0\/0|root\/root|\S+) +\d+ 2023-11-14 22:13 /);
  });

  test("is byte-stable", async () => {
    const [a, b] = await Promise.all([1, 2].map(() => buildTarball(fakeSnapshot(files), repo, testSlice())));
    expect(a!.sha256).toBe(b!.sha256);
  });

  test("gives way", async () => {
    const slice = testSlice();
    await buildTarball(fakeSnapshot(files), repo, slice);
    expect(slice.pauses).toBeGreaterThan(0);
  });

  test("fails with the reason of the snapshot, and leaves nothing behind", async () => {
    const snapshot = fakeSnapshot(files);
    snapshot.failure = new MirrorError("store-lost", { reason: "test" });
    await expect(buildTarball(snapshot, repo, testSlice())).rejects.toMatchObject({ code: "store-lost" });
    await expect(
      buildTarball(fakeSnapshot({ [`packages/${"x".repeat(120)}`]: "" }), repo, testSlice()),
    ).rejects.toMatchObject({ code: "bad-path" });
  });
});
