import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseOpam } from "../../src/core/opam/parser.ts";

const opam = ["/usr/bin/opam", "/usr/local/bin/opam"].find((path) => existsSync(path));

describe.skipIf(opam === undefined)("the syntax, against the opam found here", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "repo-file-"));
    mkdirSync(join(folder, "repo/packages"), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function opamAccepts(text: string): boolean {
    writeFileSync(join(folder, "repo/repo"), `opam-version: "2.0"\n${text}\n`);
    const root = join(folder, "root");
    rmSync(root, { recursive: true, force: true });
    const output = execFileSync(
      "sh",
      [
        "-c",
        '"$0" init --bare --disable-sandboxing --no-setup -y default "$1" 2>&1; true',
        opam!,
        `file://${folder}/repo`,
      ],
      { env: { ...process.env, OPAMROOT: root }, encoding: "utf8" },
    );
    expect(output).toContain("Initialised");
    return !output.includes("[skipped]");
  }

  const samples = [
    'x: ("a" "b")',
    "x: ()",
    'x: "a" "b"',
    "a: a & | b",
    "a: !!a",
    'a: > "1"',
    'a: [a += "1"]',
    "a: a = b = c",
    "a: (a) = b",
    "x-foo:bar",
    'x-foo:"bar"',
    "a: {a}",
    "a: a {b} {c}",
    "a: a {b c}",
    "sec { a: b }",
    'sec "x" { a: b }',
    'sec "x" "y" { a: b }',
    "3a: 1",
    "a: 1_000 -5",
    "a: -5",
    "a: [1-2]",
    "a: - ",
    "true: 1",
    "a: ?b",
    "a: ~b",
    "a: b:c:d",
    "a: _:c+d",
    "a: b+c:d",
    "a: b+",
    'a: """x\\"""y""""',
    'a: "unterm',
    'a: """unterm""',
    "(* unterm",
    "(*)",
    "(*)*)",
    "a: ; b",
    'a: "\\400"',
    'a: "a\\xzz"',
    'a: "a\\9"',
    'a: "\\z"',
    'a: "\\x41\\065\\ \\\'\\n\\\n   b"',
    "a: b >= c & d",
    "a: !b = c",
    "a: !(b) {c} | d",
    'a: b =: "c"',
    'a: b =+= "c"',
    "a: b := c",
    "a: %{x}%",
    "a: true=false",
    "a: 3=4",
    "a-: 3",
    "_: 3",
    "-: 3",
    "1: 3",
    "a+_+b: 3",
    "a: !=b",
    "a: !~b",
    'a: """a"b""c\\"""d"""',
    "a: __+b",
    "a: 1a+",
    "a: a =~ b",
    "a: a !~ b",
    "a: a ==b",
    "a: 1__ _1",
    "sec { a: b } }",
    "sec { sec2 { a: b } }",
    "sec {}",
    "a: b?",
    "a: & b",
    "a: = b = c",
    "a: x = (b)",
    "a: 4611686018427387903",
    "a: 4611686018427387904",
    "a: 99999999999999999999",
    'a: "(* x"',
    "a: b # (* x\nc: d",
    "a: 1_",
    "a: trueish",
    "é: 1",
    'a: "é"',
    "a: -_1",
    "a: b\u00a0c",
    "a: b \v c",
    'a: "x\\\r\n  y"',
    "a: _",
    "a: _+_",
    "a: b-c",
    "a: b--1",
    "[a: b]",
    "a b",
    ": a",
    "a: [b",
    "a: (b]",
  ];
  test.each(samples)("accepts or refuses %j as opam does", (text) => {
    let accepted = true;
    try {
      parseOpam(`opam-version: "2.0"\n${text}\n`);
    } catch {
      accepted = false;
    }
    expect(accepted).toBe(opamAccepts(text));
  });
});
