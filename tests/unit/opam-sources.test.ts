import { describe, expect, test } from "vitest";
import { parseChecksum } from "../../src/core/opam/checksum.ts";
import { packageSources, sourceKind } from "../../src/core/opam/package-sources.ts";
import { parseOpam } from "../../src/core/opam/parser.ts";

const read = (text: string) => packageSources(parseOpam(text));
const md5 = "0123456789abcdef0123456789abcdef";
const sha256 = "a".repeat(64);
const sha512 = "b".repeat(128);

describe("sources of a package", () => {
  test("src, mirrors in order, and all checksums", () => {
    const { sources, available } = read(`opam-version: "2.0"
url {
  src: "https://a.example/x.tar.gz"
  mirrors: ["https://b.example/x" {os = "linux"} "git+https://c.example/x" "ftp://d.example/x"]
  checksum: ["md5=${md5}" "sha512=${sha512.toUpperCase()}" "SHA256=${sha256}" "${md5}"]
}`);
    expect(available).toBe(true);
    expect(sources).toEqual([
      {
        section: "url",
        file: null,
        kind: "archive",
        urls: ["https://a.example/x.tar.gz", "https://b.example/x", "ftp://d.example/x"],
        checksums: [
          { algorithm: "md5", hex: md5 },
          { algorithm: "sha512", hex: sha512 },
          { algorithm: "sha256", hex: sha256 },
        ],
        malformed: [],
      },
    ]);
  });

  test.each([
    [`url { archive: "http://a.example/x" checksum: "${md5}" }`, "archive", ["http://a.example/x"], 1],
    [`url { http: "http://a.example/x" checksum: ["md5=${md5}"] }`, "archive", ["http://a.example/x"], 1],
    [`url { archive: "http://a.example/y" src: "http://a.example/x" }`, "archive", ["http://a.example/x"], 0],
    [`url { src: "http://a.example/x" src: "http://a.example/y" }`, "archive", ["http://a.example/x"], 0],
    [`url { src: "git+https://a.example/x#main" }`, "vcs", [], 0],
    [`url { git: "https://a.example/x" }`, "vcs", [], 0],
    [`url { src: "https://a.example/x.git" }`, "archive", ["https://a.example/x.git"], 0],
    [`url { src: "file:///etc/passwd" checksum: "${md5}" }`, "local", [], 1],
    [`url { local: "../x" }`, "local", [], 0],
    [`url { checksum: "${md5}" }`, null, [], 1],
    [`url { src: x }`, null, [], 0],
  ])("%s", (text, kind, urls, checksums) => {
    const [source] = read(text).sources;
    expect(source).toMatchObject({ kind, urls });
    expect(source?.checksums).toHaveLength(checksums);
  });

  test("extra sources with their file names, several url sections, other sections aside", () => {
    const { sources } = read(`extra-source "fix.patch" { src: "https://a.example/p" checksum: "sha256=${sha256}" }
url { src: "https://a.example/x" } pin { src: "https://a.example/y" } extra-source { src: "https://a.example/z" }`);
    expect(sources.map(({ section, file, urls }) => [section, file, ...urls])).toEqual([
      ["extra-source", "fix.patch", "https://a.example/p"],
      ["url", null, "https://a.example/x"],
      ["extra-source", null, "https://a.example/z"],
    ]);
  });

  test("what is no checksum is told apart from those that are", () => {
    const { sources } = read(`url { src: "https://a.example/x"
      checksum: ["sha1=${md5}" "md5=${sha256}" "sha256=${"g".repeat(64)}" "" "sha256=${sha256}"] }`);
    expect(sources[0]?.checksums).toEqual([{ algorithm: "sha256", hex: sha256 }]);
    expect(sources[0]?.malformed).toHaveLength(4);
  });

  test.each([
    ["available: false", false],
    ["available: [false]", false],
    ["available: (false)", false],
    ["available: [[(false)]]", false],
    ["available: true", true],
    ['available: [false | os = "linux"]', true],
    ["available: !false", true],
    ["available: []", true],
    ["available: [false false]", true],
    ["", true],
  ])("%s", (text, available) => expect(read(text).available).toBe(available));

  test("extra files", () => {
    const files = [{ file: "a.patch", checksums: [{ algorithm: "md5", hex: md5 }] }];
    expect(read(`extra-files: [["a.patch" "md5=${md5}"] ["b" "?"]]`).extraFiles).toEqual([
      ...files,
      { file: "b", checksums: [] },
    ]);
    expect(read(`extra-files: ["a.patch" "${md5}"]`).extraFiles).toEqual(files);
    expect(read(`extra-files: "a.patch"`).extraFiles).toEqual([]);
  });
});

test.each([
  ["https://a.example/x", "archive"],
  ["HTTP://a.example/x", "archive"],
  ["ftp://a.example/x", "archive"],
  ["git://a.example/x", "vcs"],
  ["git@a.example:x", "local"],
  ["hg+http://a.example/x", "vcs"],
  ["darcs+ssh://a.example/x", "vcs"],
  ["ssh://a.example/x", "local"],
  ["/var/x", "local"],
  ["../x", "local"],
  ["", "local"],
])("%s is fetched as %s", (url, kind) => expect(sourceKind(url)).toBe(kind));

test.each(["", "=", `md5=${md5}0`, `md5:${md5}`, `md5==${md5}`, sha256, `sha3=${sha256}`, `md5=${md5.slice(1)} `])(
  "%j is no checksum",
  (text) => expect(parseChecksum(text)).toBeNull(),
);
