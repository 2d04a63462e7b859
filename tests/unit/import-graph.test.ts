import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkSources, readSources } from "../../scripts/check-imports.mjs";

const check = (sources: Record<string, string>) => checkSources(new Map(Object.entries(sources)));
const value = "export const a = 1;\n";

describe("the layer rules find", () => {
  const violations: [rule: string, sources: Record<string, string>, expected: RegExp][] = [
    [
      "an import against the direction",
      { "src/core/x.ts": `import { a } from "../store/a.ts";`, "src/store/a.ts": value },
      /core must not import store/,
    ],
    [
      "also of a type",
      { "src/core/x.ts": `import type { A } from "../sync/a.ts";`, "src/sync/a.ts": "export type A = 1;" },
      /core must not import sync/,
    ],
    [
      "also a dynamic one",
      { "src/serve/x.ts": `const m = import("../sync/a.ts");`, "src/sync/a.ts": value },
      /serve must not import sync/,
    ],
    [
      "also a worker's address",
      { "src/sync/x.ts": `new URL("../worker/a.ts", import.meta.url);`, "src/worker/a.ts": value },
      /sync must not import worker/,
    ],
    [
      "also an export",
      { "src/platform/x.ts": `export const b = 1;\nexport { a } from "../store/a.ts";`, "src/store/a.ts": value },
      /platform must not import store/,
    ],
    [
      "an import out of the project's code",
      { "src/store/x.ts": `import { a } from "../../tests/a.ts";` },
      /outside of src and sw/,
    ],
    [
      "behaviour that a protocol imports",
      { "src/protocol/x.ts": `import { a } from "../core/a.ts";`, "src/core/a.ts": value },
      /types only/,
    ],
    ["a package in the wrong layer", { "src/serve/x.ts": `import { openDB } from "idb";` }, /package idb/],
    ["Node in a browser's layer", { "src/store/x.ts": `import { readFile } from "node:fs/promises";` }, /without Node/],
    ["a timer", { "src/sync/x.ts": "setTimeout(() => {}, 1);" }, /setTimeout belongs to src\/platform/],
    [
      "a timer behind a global object",
      { "src/dashboard/x.tsx": "self.setInterval(() => {}, 1);" },
      /setInterval belongs/,
    ],
    [
      "a channel used as a macrotask",
      { "src/store/x.ts": "const c = new MessageChannel();" },
      /MessageChannel belongs/,
    ],
    ["a clock in core", { "src/core/x.ts": "export const t = Date.now();" }, /Date\.now/],
    ["another clock in core", { "src/core/x.ts": "export const t = new Date();" }, /no clock/],
    ["a global smuggled into core", { "src/core/x.ts": "declare const indexedDB: unknown;" }, /universal\.d\.ts only/],
    ["a global object in core", { "src/core/x.ts": `export const f = globalThis["fetch"];` }, /globalThis/],
    [
      "libraries referenced by core",
      { "src/core/x.ts": `/// <reference lib="dom" />\n${value}` },
      /must not reference dom/,
    ],
    ["a barrel", { "src/store/index.ts": `export { a } from "./a.ts";`, "src/store/a.ts": value }, /only passes on/],
    [
      "an export of everything",
      { "src/store/b.ts": `export * from "./a.ts";\nexport const b = 1;`, "src/store/a.ts": value },
      /only passes on/,
    ],
    ["a long entry", { "sw/x.ts": "// line\n".repeat(101) }, /at most 100 lines/],
    ["a folder that no rule knows", { "src/utils/x.ts": value }, /no layer/],
    [
      "a cycle",
      {
        "src/sync/a.ts": `import "./b.ts";`,
        "src/sync/b.ts": `import "./c.ts";`,
        "src/sync/c.ts": `import type {} from "./a.ts";`,
      },
      /cycle src\/sync\/a\.ts → src\/sync\/b\.ts → src\/sync\/c\.ts → src\/sync\/a\.ts/,
    ],
  ];
  test.each(violations)("%s", (_, sources, expected) => {
    const found = check(sources);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
    expect(found[0]).toMatch(/^(src|sw)\//);
  });

  test("nothing in what is allowed", () => {
    expect(
      check({
        "src/core/a.ts":
          "export const a = new Date(0);\nexport type A = typeof a;\nexport interface T { setTimeout: 1 }",
        "src/protocol/b.ts": `import type { A } from "../core/a.ts";\nexport type B = A;`,
        "src/platform/c.ts": "export const c = () => setTimeout(() => {}, 1);",
        "src/store/d.ts": `import { openDB } from "idb";\nimport { a } from "../core/a.ts";\nimport { c } from "../platform/c.ts";\nexport const d = [a, c, openDB];`,
        "src/store/files.ts": `import "node:fs"; setInterval(() => 0, 1);`,
        "src/client/mirror.ts": `export { e } from "./e.ts";`,
        "src/client/e.ts": "export const e = (port: MessagePort, x: { scheduler: 1 }) => x.scheduler;",
        "src/gateway/f.ts": `import { createServer } from "node:http";\nimport { Hono } from "hono/tiny";\nsetTimeout(() => createServer, 1, Hono);`,
        "src/dashboard/g.tsx": `import "./g.css";\nimport { render } from "preact";\nrender(null, document.body);`,
        "sw/h.ts": "// line\n".repeat(100),
      }),
    ).toEqual([]);
  });
});

test("the project's own sources keep the layer rules", () => {
  const sources = readSources(fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, ""));
  expect(sources.size).toBeGreaterThan(20);
  expect(checkSources(sources)).toEqual([]);
});
