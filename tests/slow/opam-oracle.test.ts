import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageSources } from "../../src/core/opam/package-sources.ts";
import { opamText, parseOpam } from "../../src/core/opam/parser.ts";
import { printOpam } from "../../src/core/opam/printer.ts";
import { SyntaxFault } from "../../src/core/opam/syntax-fault.ts";
import type { Item, Value } from "../../src/core/opam/syntax-tree.ts";
import { compareVersions } from "../../src/core/opam/version.ts";
import { findOpam, runOpam } from "../support/opam-client.ts";
import { OpamOracle } from "../support/opam-oracle/oracle.ts";
import { treeText } from "../support/opam-oracle/tree-text.ts";
import { realData, skipReason } from "../support/real-data.ts";

// What is read here is what opam's own library (Debian: libopam-file-format-ocaml-dev, ocaml-findlib) and client read.

const oracle = await OpamOracle.build();
const noOracle = "no oracle: install ocaml-findlib and libopam-file-format-ocaml-dev.";
afterAll(() => oracle?.remove());

const real = realData();
let files: { readonly path: string; readonly bytes: Uint8Array }[] = [];
beforeAll(() => {
  if (real !== null) files = filesOfTip(real.repository);
});

function git(repository: string, args: readonly string[], input?: string): Buffer {
  const env = { ...process.env, GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };
  return execFileSync("git", ["-C", repository, ...args], {
    env,
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  });
}

function filesOfTip(repository: string): { path: string; bytes: Uint8Array }[] {
  const listed = git(repository, ["ls-tree", "-r", "master", "packages"]).toString().trim().split("\n");
  const entries = listed
    .map((line) => /^\d+ blob ([0-9a-f]+)\t(.*\/opam)$/.exec(line))
    .filter((found) => found !== null);
  const all = git(repository, ["cat-file", "--batch"], entries.map(([, oid]) => `${oid}\n`).join(""));
  let at = 0;
  return entries.map(([, , path]) => {
    const end = all.indexOf(10, at);
    const size = Number(all.subarray(at, end).toString().split(" ")[2]);
    at = end + size + 2;
    return { path: path!, bytes: all.subarray(end + 1, end + 1 + size) };
  });
}

test("every file of the real repository: the same tree, sections, URLs and checksums; printed and parsed, the same again", async (context) => {
  if (real === null) return context.skip(skipReason()!);
  if (oracle === null) return context.skip(noOracle);
  const lines = await oracle.read(
    files.map(({ bytes }) => bytes),
    "sections",
  );
  expect(files).toHaveLength(18_793);
  const wrong: string[] = [];
  for (const [i, { path, bytes }] of files.entries()) {
    const items = parseOpam(opamText(bytes));
    const text = treeText(items);
    const [digest, ...sections] = lines[i]!.split("\t");
    if (createHash("md5").update(text).digest("hex") !== digest) wrong.push(`${path}: another tree`);
    if (treeText(parseOpam(printOpam(items))) !== text) wrong.push(`${path}: another tree when printed`);
    const found = packageSources(items).sources.map(({ kind, urls, checksums }) => ({
      urls: kind === "archive" ? urls : [],
      checksums: checksums.map(({ algorithm, hex }) => `${algorithm}=${hex}`),
    }));
    if (JSON.stringify(found) !== JSON.stringify(sections.map(sourceOfLine))) wrong.push(`${path}: other sources`);
  }
  expect(wrong).toEqual([]);
});

/** What a line of the oracle says of one section. */
function sourceOfLine(line: string): { readonly urls: readonly string[]; readonly checksums: readonly string[] } {
  const field = (name: string) => {
    const found = new RegExp(`\\(${name}((?: "(?:[^"\\\\]|\\\\.)*")*)\\)`).exec(line);
    return [...(found?.[1] ?? "").matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
      text!.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code))),
    );
  };
  const urls = [...field("src"), ...field("archive"), ...field("mirrors")];
  return {
    urls: urls.filter((url) => /^(https?|ftp):/.test(url)),
    checksums: [...new Set(field("checksum").map((text) => (text.includes("=") ? text : `md5=${text}`).toLowerCase()))],
  };
}

/** Our tree as text, or "refused". */
function ours(text: string): string {
  try {
    return treeText(parseOpam(text));
  } catch (thrown) {
    if (thrown instanceof SyntaxFault) return "refused";
    throw thrown;
  }
}

/** opam reads files of later format versions up to their first error; here they are refused. */
function comparable(line: string): string {
  return line.endsWith("(section #))") ? "refused" : line;
}

test("30,000 generated texts: accepted or refused alike, with the same tree", async (context) => {
  if (oracle === null) return context.skip(noOracle);
  const piece = fc.constantFrom(
    ...[
      "a",
      "b-1",
      "x+y",
      "p:q",
      "_",
      "-",
      "1",
      "-5",
      "1_0",
      "true",
      "0x1",
      "opam-version",
      ": ",
      ":",
      "{",
      "}",
      "[",
      "]",
    ],
    ...[
      "(",
      ")",
      "&",
      "|",
      "!",
      "?",
      "~",
      "=",
      "!=",
      ">=",
      "<",
      "+=",
      "=+",
      ":=",
      "=:",
      "=+=",
      "+",
      "# c\n",
      "(* c *)",
    ],
    ...[
      '"x"',
      '"2.0"',
      '"2.1"',
      '"2.2"',
      '"3"',
      '"""y"""',
      '"',
      '"""',
      '""',
      "\\",
      '\\"',
      "\\n",
      "\\065",
      "\\x41",
      "\\\n",
    ],
    ...[" ", " ", " ", "\n", "\r\n", "\t", "é", "a: b\n", "s {", 's "l" {', "a: [", "^", "(*", "*)"],
  );
  const texts = fc.sample(
    fc.array(piece, { maxLength: 14, size: "max" }).map((pieces) => pieces.join("")),
    { numRuns: 20_000, seed: 7 },
  );
  const started = fc.sample(
    fc.array(piece, { maxLength: 10, size: "max" }).map((pieces) => `a: [${pieces.join(" ")}]`),
    { numRuns: 10_000, seed: 8 },
  );
  const all = [...texts, ...started];
  const lines = await oracle.read(
    all.map((text) => Buffer.from(text)),
    "tree",
  );
  const wrong = all.flatMap((text, i) =>
    ours(text) === comparable(lines[i]!) ? [] : [{ text, opam: lines[i], ours: ours(text) }],
  );
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(lines.filter((line) => line !== "refused").length).toBeGreaterThan(2_000);
});

test("20,000 damaged real files: accepted or refused alike, with the same tree", async (context) => {
  if (real === null) return context.skip(skipReason()!);
  if (oracle === null) return context.skip(noOracle);
  const marks = [...'"\\{}[]()!&|:=#*~^\n \t-_1a', "(*", '"""', "\r\n"];
  let state = 12_345;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const texts = Array.from({ length: 20_000 }, () => {
    let text = opamText(files[random(files.length)]!.bytes);
    for (let edits = 1 + random(3); edits > 0; edits--) {
      const at = random(text.length);
      text = text.slice(0, at) + (random(3) === 0 ? "" : marks[random(marks.length)]) + text.slice(at + random(4));
    }
    return text;
  });
  const lines = await oracle.read(
    texts.map((text) => Buffer.from(text)),
    "tree",
  );
  const wrong = texts.flatMap((text, i) =>
    ours(text) === comparable(lines[i]!) || /\\(?:1[3-9]\d|12[89]|2\d\d|x[89a-fA-F])/.test(text) ? [] : [text],
  );
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(lines.filter((line) => line !== "refused").length).toBeGreaterThan(4_000);
});

test("constraints and formulas of real files have few levels", (context) => {
  if (real === null) return context.skip(skipReason()!);
  const height = (value: Value): number => {
    const children: readonly Value[] =
      "items" in value
        ? value.items
        : [
            ...("left" in value ? [value.left] : []),
            ...("right" in value ? [value.right] : []),
            ...("options" in value ? [value.value, ...value.options] : []),
          ];
    return 1 + Math.max(0, ...children.map(height));
  };
  const heightOf = (items: readonly Item[]): number =>
    Math.max(0, ...items.map((item) => (item.kind === "field" ? height(item.value) : heightOf(item.items))));
  expect(Math.max(...files.map(({ bytes }) => heightOf(parseOpam(opamText(bytes)))))).toBeLessThan(500);
});

test("all files are parsed in a second", (context) => {
  if (real === null) return context.skip(skipReason()!);
  const started = performance.now();
  let items = 0;
  for (const { bytes } of files) items += parseOpam(opamText(bytes)).length;
  const ms = performance.now() - started;
  console.log(`parsed ${files.length} files, ${items} items, in ${Math.round(ms)} ms`);
  expect(ms).toBeLessThan(1000);
});

test("versions of 200 real packages in opam's order", async (context) => {
  const opam = findOpam();
  if (real === null) return context.skip(skipReason()!);
  if (opam === null) return context.skip("no opam: install the package opam.");
  const versions = new Map<string, string[]>();
  for (const { path } of files) {
    const [name, version] = /\/([^/.]+)\.([^/]+)\/opam$/.exec(path)!.slice(1) as [string, string];
    versions.set(name, [...(versions.get(name) ?? []), version]);
  }
  const chosen = [...versions].sort((a, b) => b[1].length - a[1].length).slice(0, 200);
  const folder = mkdtempSync(join(tmpdir(), "opam-versions-"));
  try {
    for (const [name, known] of chosen) {
      for (const version of known) {
        const file = join(folder, "repo/packages", name, `${name}.${version}`, "opam");
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, 'opam-version: "2.0"\n');
      }
    }
    writeFileSync(join(folder, "repo/repo"), 'opam-version: "2.0"\n');
    const root = join(folder, "root");
    await runOpam(opam, root, [
      "init",
      "--bare",
      "--disable-sandboxing",
      "--no-setup",
      "default",
      `file://${folder}/repo`,
    ]);
    await runOpam(opam, root, ["switch", "create", "empty", "--empty"]);
    const wrong: string[] = [];
    for (const [name, known] of chosen) {
      const shown = await runOpam(opam, root, ["show", "-f", "all-versions", name]);
      const expected = shown.trim().split(/\s+/);
      // Versions that are one for opam, as 5.5.0+introcaml and 5.5.0+introcaml0, are listed once.
      const sorted = [...known]
        .sort(compareVersions)
        .filter((v, i, all) => i === 0 || compareVersions(all[i - 1]!, v) !== 0);
      if (sorted.join(" ") !== expected.join(" ")) wrong.push(`${name}: ${sorted.join(" ")} / ${expected.join(" ")}`);
    }
    expect(wrong).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
