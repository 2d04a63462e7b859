import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseOpam } from "../../src/core/opam/parser.ts";
import { rewriteRepoFile } from "../../src/core/opam/repo-file.ts";
import { cpuMs } from "../support/cpu-time.ts";

const facts = { commit: "0123456789abcdef0123456789abcdef01234567", remote: "https://example.org/repo.git" };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const rewrite = (text: string | null) => {
  const { bytes, redirect, error } = rewriteRepoFile(text === null ? null : encode(text), facts);
  return { text: decode(bytes), redirect, error };
};
const names = (text: string) => parseOpam(text).map((item) => item.name);

/** The strings of a field that is a string or a list of them. */
function value(text: string, name: string): string[] {
  const field = parseOpam(text).find((item) => item.name === name);
  if (field?.kind !== "field") return [];
  const elements = field.value.kind === "list" ? field.value.items : [field.value];
  return elements.flatMap((element) => (element.kind === "string" ? [element.value] : []));
}

const announced = `opam-version: "2.0"
browse: "https://example.org/pkg/"
upstream: "https://example.org/tree/master/"
announce: [
"""
[WARNING] "old" client: see (https://example.org/install) \\
""" { opam-version < "2.0.10" |
      (opam-version >= "2.1.0~~" & opam-version < "2.1.6") }
"""
[INFO] use \`patch\` {not a brace}
""" {os = "macos" & (opam-version < "2.1.6" | opam-version = "x")}
]
# a comment with a "quote
`;

describe("rewriting a repo file", () => {
  test("keeps every field and its text, and adds stamp and mirrors", () => {
    const { text, redirect, error } = rewrite(announced);
    expect(text.startsWith(announced)).toBe(true);
    expect(text.slice(announced.length)).toBe(`archive-mirrors: ["cache"]\nstamp: "${facts.commit}"\n`);
    expect({ redirect, error }).toEqual({ redirect: null, error: null });
  });

  test.each([
    ['archive-mirrors: "https://a.example/cache"\n', ["cache", "https://a.example/cache"]],
    ['archive-mirrors: ["cache" "https://a.example/cache" "b"]\n', ["cache", "https://a.example/cache", "b"]],
    ["archive-mirrors: []\n", ["cache"]],
    ["archive-mirrors: [\n  (* first *) 'x' \n]\n".replaceAll("'", '"'), ["cache", "x"]],
  ])("puts the cache before %j", (field, mirrors) => {
    const { text } = rewrite(`opam-version: "2.0"\n${field}browse: "x"\n`);
    expect(value(text, "archive-mirrors")).toEqual(mirrors);
    expect(names(text)).toEqual(["opam-version", "browse", "upstream", "archive-mirrors", "stamp"]);
  });

  test("keeps the options of a mirror", () => {
    const { text } = rewrite('archive-mirrors: ["a" {os = "linux"} "cache" "cache" {os = "win32"}]');
    expect(text).toContain('archive-mirrors: ["cache" "a" {os = "linux"} "cache" {os = "win32"}]');
  });

  test("drops redirect and stamp, and reports the redirect", () => {
    const { text, redirect } = rewrite(
      'opam-version: "2.0"\nredirect: ["https://\\x65lse.example" {os = "x"}]\nstamp: "old"\n',
    );
    expect(redirect).toBe("https://else.example");
    expect(names(text)).toEqual(["opam-version", "upstream", "archive-mirrors", "stamp"]);
    expect(value(text, "stamp")).toEqual([facts.commit]);
  });

  test("keeps the first of two fields, as opam does", () => {
    const { text } = rewrite('upstream: "a"\nannounce: "x" upstream: "b" browse: "c"\nupstream: "d" # why\n');
    expect(names(text).filter((name) => name === "upstream")).toHaveLength(1);
    expect(value(text, "upstream")).toEqual(["a"]);
    expect(value(text, "browse")).toEqual(["c"]);
    expect(text).toContain("# why");
  });

  test("gives a repository without one a minimal file", () => {
    const { text, error } = rewrite(null);
    expect(text).toBe(
      `opam-version: "2.0"\nupstream: "${facts.remote}#${facts.commit}"\narchive-mirrors: ["cache"]\nstamp: "${facts.commit}"\n`,
    );
    expect(error).toBeNull();
  });

  test("replaces what opam could not read, and says why", () => {
    const { text, error } = rewrite('opam-version: "2.0"\nannounce: "never closed\n');
    expect(text).toBe(rewrite(null).text);
    expect(error).toMatch(/^line 2: a string that is never closed/);
  });

  test("quotes a remote that tries to add fields", () => {
    const { bytes } = rewriteRepoFile(null, { ...facts, remote: 'x"\nredirect: "evil\\' });
    expect(names(decode(bytes))).toEqual(["opam-version", "upstream", "archive-mirrors", "stamp"]);
  });

  test("is linear and bounded: a megabyte of brackets, of quotes, of comments, of escapes", () => {
    for (const unit of ["[", "(", "{", "!", '"" ', "(*", "a+", "\\", '"""', "1_", "a:", "x: 1\n"]) {
      const ms = cpuMs(() => void rewrite(`x: ${unit.repeat(Math.floor(1e6 / unit.length))}`));
      expect(ms).toBeLessThan(1500);
    }
    expect(rewrite(`a: "${"x".repeat(1024 * 1024)}"`).error).toMatch(/larger than/);
  });

  test("never throws, and its result always parses with each own field once", () => {
    const piece = fc.constantFrom(
      "a: ",
      "stamp: ",
      "redirect: ",
      "upstream: ",
      "archive-mirrors: ",
      '"x"',
      '"""y"""',
      "[",
      "]",
      "{",
      "}",
      "(",
      ")",
      " ",
      "\n",
      "&",
      "!",
      ">=",
      "(*",
      "*)",
      "#",
      '"',
      "\\",
      "é",
      "1",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { text } = rewrite(pieces.join(""));
        const found = names(text);
        for (const name of ["opam-version", "upstream", "archive-mirrors", "stamp"])
          expect(found.filter((n) => n === name)).toHaveLength(1);
        expect(found).not.toContain("redirect");
        expect(rewrite(text).text).toBe(text);
      }),
      {
        numRuns: 500,
        examples: [[["archive-mirrors: ", ">=", '"x"']], [["archive-mirrors: ", ">=", "1"]]],
      },
    );
  });

  test("passes on no mirror that is not a string", () => {
    const { text } = rewrite(
      'archive-mirrors: ["https://a.example/" >= "x" "https://b.example/" {c} d "cache" ("e") "f"]\n',
    );
    expect(value(text, "archive-mirrors")).toEqual(["cache", "f"]);
    expect(text).toContain('archive-mirrors: ["cache" "https://b.example/" {c} "f"]');
  });
});
