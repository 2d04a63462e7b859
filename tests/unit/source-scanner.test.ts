import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packageSources } from "../../src/core/opam/package-sources.ts";
import { parseOpam } from "../../src/core/opam/parser.ts";
import { SourceScanner } from "../../src/core/opam/source-scanner.ts";
import { SyntaxFault } from "../../src/core/opam/syntax-fault.ts";
import { opamFile, packageProfile } from "../fixtures/opam-text.ts";
import { Random } from "../fixtures/random.ts";

const scanner = new SourceScanner();
const scan = (text: string) => scanner.scan(new TextEncoder().encode(text));

/** What the parser says; null for what it refuses. */
function parsed(text: string): ReturnType<typeof packageSources> | null {
  try {
    return packageSources(parseOpam(text));
  } catch (thrown) {
    if (!(thrown instanceof SyntaxFault)) throw thrown;
    return null;
  }
}

/** Nothing that the parser refuses is taken, and what is taken is read as the parser reads it. */
function expectAgreement(text: string): void {
  const found = scan(text);
  if (found !== null) expect(found, text).toEqual(parsed(text));
}

const usual = `opam-version: "2.0"
# a comment: "
synopsis: "é and \\"quotes\\" and \\n"
description: """
Says "what", "" and
more"""
depends: [
  "ocaml" {>= "4.08" & < "5.0" | = "x"} ("a" | "b" {with-test & !_:enable & ?foo})
  "c" {build} {2}
]
build: [["dune" "build" "-p" name "@install" {os != "win32"}] [make "%{jobs}%"]]
setenv: [[A += "x"] [B = "y"] [C := "z"] [D =+= "u"] [E =: "v"] [F =+ "w"]]
flags: light-uninstall
post-messages: ["done" {success & ocaml:version > "5"}]
x-numbers: [1 (2 3)]
`;

const sections = [
  'url { src: "https://a.example/a.tgz" checksum: "md5=0123456789abcdef0123456789abcdef" }',
  'url {\n src: "http://a.example/a"\n mirrors: ["https://b.example/a" "git://c.example/a"]\n checksum: ["sha1=0" "md5=x"] }',
  'extra-source "a.patch" { archive: "https://a.example/p" checksum: [] }',
  'url { git: "https://a.example/a.git" other: "x" src: "" src: "https://twice.example" }',
];

describe("sources are scanned as they are parsed", () => {
  test("in files of the usual spelling, without the parser's help", () => {
    for (const section of sections) {
      const text = `${usual}${section}\n`;
      expect(scan(text), text).toEqual(parsed(text));
      expect(scan(text)?.sources, text).toHaveLength(1);
    }
    for (let seed = 1; seed <= 20; seed++) {
      const text = opamFile(packageProfile(new Random(seed), "name", ["a", "b"]), `${seed}.0`);
      expect(scan(text), text).not.toBeNull();
      expectAgreement(text);
    }
  });

  test("in files that cannot be installed, and in old ones", () => {
    expect(scan(`${usual}available: false\n${sections[0]}`)?.available).toBe(false);
    expect(scan(`available: false`)?.available).toBe(false);
    expect(scan(`available: [os = "linux"]\navailable: false`)?.available).toBe(true);
    expect(scan(`name: "a"\nopam-version: "1.2"`)?.sources).toEqual([]);
  });

  test.each([
    ["a field too many after a false one", 'available: false & os = "linux"'],
    ["a false one in brackets", "available: [false]"],
    ["a version that must come first", 'name: "a"\nopam-version: "2.1"'],
    ["a version twice", 'opam-version: "2.1"\nopam-version: "2.0"'],
    ["a value that goes on", 'url { src: "https://a.example/a" | "b" }'],
    ["options of an address", 'url { src: "https://a.example/a" {x} }'],
    ["escapes in an address", 'url { src: "https://a.example/\\x41" }'],
    ["a line end in an address", 'url { src: "https://a.example/a\r\nb" }'],
    ["three quotes around an address", 'url { src: """https://a.example/a""" }'],
    ["letters beyond ASCII in an address", 'url { src: "https://a.example/é" mirrors: "https://b.example/e" }'],
    ["checksums of files beside it", 'extra-files: ["a" "md5=0123456789abcdef0123456789abcdef"]'],
    ["a nested comment", 'a: "b" (* (* *) c: "d" *)'],
    ["a deep value", `a: ${"[".repeat(99)}${"]".repeat(99)}`],
    ["a high value", `a: ${'"x" & '.repeat(600)}"y"`],
  ])("what is unusual is left to the parser: %s", (_, text) => {
    expect(scan(text)).toBeNull();
  });

  test("or left to it when it may be refused: whatever is changed in a file", () => {
    const parts = [...'"\\{}[]()&|?!~<>=:+-_#*\n\r 0aé', '"""', "(*", "*)", "url {", "false", "opam-version:", "\\065"];
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      removed: fc.nat(6),
      added: fc.array(fc.constantFrom(...parts), { maxLength: 3 }).map((added) => added.join("")),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...sections),
        fc.boolean(),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        (section, whole, edits) => {
          let text = whole ? usual + section : `available: false\n${section}`;
          for (const { at, removed, added } of edits) {
            const from = Math.floor(at * text.length);
            text = text.slice(0, from) + added + text.slice(from + removed);
          }
          expectAgreement(text);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});
