import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { opamText, parseOpam, parseValue } from "../../src/core/opam/parser.ts";
import { printOpam, printValue } from "../../src/core/opam/printer.ts";
import { stringLiteral } from "../../src/core/opam/string-literal.ts";
import { SyntaxFault } from "../../src/core/opam/syntax-fault.ts";
import { cpuMs } from "../support/cpu-time.ts";
import { treeText } from "../support/opam-oracle/tree-text.ts";

const tree = (text: string) => treeText(parseOpam(text));

function faultOf(text: string): SyntaxFault {
  try {
    parseOpam(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxFault) return thrown;
    throw thrown;
  }
  throw new Error(`accepted: ${text.slice(0, 100)}`);
}

describe("the tree of an opam file", () => {
  // The right sides are what opam-file-format 2.1.5 reads; tests/slow compares with the library itself.
  test.each([
    ["a: ~b", "(constraint >= (ident b))"],
    ["a: !a {b} & c", "(logical & (prefix ! (option (ident a) (ident b))) (ident c))"],
    ["a: b = c {d} {e}", "(option (option (relation = (ident b) (ident c)) (ident d)) (ident e))"],
    ["a: x | y & z | w", "(logical | (logical | (ident x) (logical & (ident y) (ident z))) (ident w))"],
    ["a: x & y | z & w", "(logical | (logical & (ident x) (ident y)) (logical & (ident z) (ident w)))"],
    ["a: !a = b", "(prefix ! (relation = (ident a) (ident b)))"],
    ["a: !a & b", "(logical & (prefix ! (ident a)) (ident b))"],
    ["a: ! = b", "(prefix ! (constraint = (ident b)))"],
    ["a: != b", "(constraint != (ident b))"],
    ["a: ??b", "(prefix ? (prefix ? (ident b)))"],
    ["a: (b) {c} | d", "(logical | (option (group (ident b)) (ident c)) (ident d))"],
    ["a: [(b) = c]", "(list (group (ident b)) (constraint = (ident c)))"],
    ['a: x += "a" {b}', '(option (update += (ident x) (string "a")) (ident b))'],
    ["a: [b =: c d =+= e f := g h =+ i]", null],
    ["a: [a b c {d}]", "(list (ident a) (ident b) (option (ident c) (ident d)))"],
    ["a: [-1_0 1__ 0x12 true falsehood]", "(list (int -10) (int 1) (ident 0x12) (bool true) (ident falsehood))"],
    ['a: "x\r\ny\rz"', '(string "x\\010y\\013z")'],
    ['a: """x\r\ny"""', '(string "x\\010y")'],
    ['a: """"a"b""\\"""c"""', '(string "\\034a\\034b\\034\\034\\034\\034\\034c")'],
    ['a: [""""""""]', '(list (string "") (string ""))'],
    ['a: "\\x41\\065\\ \\\'\\n\\\n   b\\\r\n\tc\\\\"', '(string "AA \'\\010bc\\092")'],
    ['a: "é\\195\\169\\233"', '(string "\\195\\169\\195\\169\\239\\191\\189")'],
    ['a: (*)\n "b *) c (* (* *) *) # *)', "(ident c)"],
    ["a: _:x-1 {_+b:c}", "(option (ident _:x-1) (ident _+b:c))"],
  ])("of %j", (text, value) => {
    if (value !== null) expect(tree(text)).toBe(`(file (field a ${value}))`);
    expect(tree(printOpam(parseOpam(text)))).toBe(tree(text));
  });

  test("has sections in sections, with labels", () => {
    expect(tree('s "l" { a: b t { c: "d" } }\na+b {} a:b {}')).toBe(
      '(file (section s "l" (field a (ident b)) (section t (field c (string "d")))) (section a+b) (section a:b))',
    );
  });

  test("names the places of its parts", () => {
    const text = 'x: 1\nurl {\n  src: "é" # why\n}';
    const [, url] = parseOpam(text);
    if (url?.kind !== "section") throw new Error("a section expected");
    const [src] = url.items;
    if (src?.kind !== "field") throw new Error("a field expected");
    expect(text.slice(url.start, url.end)).toBe('url {\n  src: "é" # why\n}');
    expect(text.slice(src.start, src.end)).toBe('src: "é"');
    expect(text.slice(src.value.start, src.value.end)).toBe('"é"');
  });
});

describe("what is no opam file", () => {
  test.each([
    ["a: b\n  c: ^", 2, 6, /starts no token/],
    ['a: b\nc: "x\ny', 2, 4, /never closed/],
    ['a: "b\n\\z"', 2, 1, /unknown escape/],
    ["a: (* b", 1, 4, /comment that is never closed/],
    ["a: [b", 1, 6, /a value expected/],
    ["a b", 1, 3, /":" or "{" expected/],
    ['a "b" c', 1, 7, /"{" expected/],
    ["3: b", 1, 1, /name of a field/],
    ["a: b = c = d", 1, 10, /name of a field/],
    ["a: 99999999999999999999", 1, 4, /invalid integer/],
    ["\ufeffa: b", 1, 1, /starts no token/],
    ['a: b opam-version: "2.1"', 1, 6, /first field/],
    ['opam-version: "2.1"\nopam-version: "2.0"', 2, 1, /cannot be repeated/],
    ['opam-version: "9x"\nopam-version: "2.0"', 2, 1, /cannot be repeated/],
  ])("%j fails at line %i, column %i", (text, line, column, reason) => {
    const fault = faultOf(text);
    expect({ line: fault.line, column: fault.column }).toEqual({ line, column });
    expect(fault.message).toMatch(reason);
  });

  test.each(['opam-version: "2.0"\nopam-version: "2.0"', 'opam-version: "2..1" opam-version: "2.0"', "a: b a: b"])(
    "%j is one, as for opam",
    (text) => expect(tree(text)).toContain("(field"),
  );

  test("nesting is bounded, and what is beyond is refused", () => {
    const nested = (open: string, close: string, n: number) => `a: ${open.repeat(n)}b${close.repeat(n)}`;
    for (const [open, close] of [
      ["[", "]"],
      ["(", ")"],
      ["b {", "}"],
      ["!", ""],
    ] as const) {
      expect(parseOpam(nested(open, close, 100))).toHaveLength(1);
      expect(faultOf(nested(open, close, 101)).message).toMatch(/deeper than 100/);
    }
    expect(faultOf(`${"s {".repeat(101)}${"}".repeat(101)}`).message).toMatch(/deeper than 100/);
    expect(parseOpam(`a: ${"b & ".repeat(998)}b`)).toHaveLength(1);
    expect(faultOf(`a: ${"b & ".repeat(1000)}b`).message).toMatch(/more than 1000 levels/);
    expect(faultOf(`a: b ${"{c} ".repeat(1000)}`).message).toMatch(/more than 1000 levels/);
    // A thousand levels at the left end of each of a hundred groups would be a hundred thousand.
    expect(faultOf(`a: ${"(".repeat(90)}b${`${" & c".repeat(50)})`.repeat(90)}`).message).toMatch(/more than 1000/);
  });

  test("both directions take time in proportion to the text", () => {
    for (const unit of [
      "b & ".repeat(990).concat("b "),
      `b ${"{c} ".repeat(990)}`,
      '"x" ',
      "[",
      "(*",
      '"\\',
      "[b] ",
      `${"[".repeat(90)}${"b & c | d ".repeat(20)}${"]".repeat(90)} `,
      "1_",
      "x+",
      "- ",
    ]) {
      const text = `a: [ ${unit.repeat(Math.ceil(1e6 / unit.length))} ]`;
      const ms = cpuMs(() => {
        try {
          printOpam(parseOpam(text));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(SyntaxFault);
        }
      });
      expect(ms, unit.slice(0, 20)).toBeLessThan(3000);
    }
  });
});

describe("printing", () => {
  const ident = fc.constantFrom("a", "b-c", "x+y", "_:z1", "p:q", "os-version", "1a", "truest");
  const string = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom('"', "\\", "\n", " ", "\t", "x", "\r", '"""', "é")).map((parts) => parts.join("")),
  );
  const atom = fc.oneof(
    ident,
    string.map(stringLiteral),
    fc.bigInt({ min: -(1n << 62n) + 1n, max: (1n << 62n) - 1n }).map(String),
    fc.constantFrom("true", "false"),
  );
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      atom,
      fc.tuple(atom, fc.constantFrom("=", "!=", ">=", "<", "+=", "=+=", ":="), atom).map((parts) => parts.join(" ")),
      fc.tuple(fc.constantFrom("=", ">", "!="), atom).map((parts) => parts.join(" ")),
      fc.tuple(fc.constantFrom("!", "?"), tie("value")).map((parts) => parts.join(" ")),
      fc.tuple(tie("value"), fc.constantFrom("&", "|"), tie("value")).map((parts) => parts.join(" ")),
      fc.array(tie("value")).map((values) => `[${values.join(" ")}]`),
      fc.array(tie("value")).map((values) => `(${values.join(" ")})`),
      fc.tuple(tie("value"), fc.array(tie("value"))).map(([left, options]) => `${left} {${options.join(" ")}}`),
    ),
  }));

  test("and parsing again gives the same tree", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(ident, value, string)), (parts) => {
        const text = parts.map(([name, of, label]) => `${name}: ${of} s ${stringLiteral(label)} { ${name}: ${of} }`);
        const items = parseOpam(text.join("\n"));
        const printed = printOpam(items);
        expect(tree(printed)).toBe(treeText(items));
        // Printing is a normal form.
        expect(printOpam(parseOpam(printed))).toBe(printed);
      }),
      { numRuns: 200 },
    );
  });

  test("keeps every string", () => {
    fc.assert(
      fc.property(string, (text) => {
        expect(parseValue(stringLiteral(text))).toMatchObject({
          kind: "string",
          value: text.replace(/\p{Surrogate}/gu, "\ufffd"),
        });
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps short values on a line and breaks long ones", () => {
    const text = 'depends: ["a" {>= "1" & < "2"} "b"]\n';
    expect(printOpam(parseOpam(text))).toBe(text);
    const long = `[${'"some-package-name" {>= "1.0"} '.repeat(3)}]`;
    expect(printValue(parseValue(long))).toBe(`[\n${'  "some-package-name" {>= "1.0"}\n'.repeat(3)}]`);
  });
});

test("the text of bytes that are not UTF-8 still has its structure", () => {
  const bytes = Buffer.concat([Buffer.from('a: "'), Buffer.from([0xff, 0xc3]), Buffer.from('" b: c')]);
  expect(tree(opamText(bytes))).toBe(tree('a: "\ufffd\ufffd" b: c'));
});
