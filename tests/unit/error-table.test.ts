import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ErrorCode, MirrorError } from "../../src/core/errors.ts";
import { problemStatus } from "../../src/core/http/problem.ts";
import { problem } from "../../src/gateway/problem.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The groups of ErrorData as the source writes them: a comment, then a code and its data a line. */
function groups(): { title: string; codes: { code: ErrorCode; data: string }[] }[] {
  const source = /export interface ErrorData \{\n(.*?)\n\}/s.exec(read("src/core/errors.ts"))?.[1] ?? "";
  const found: ReturnType<typeof groups> = [];
  for (const line of source.split("\n")) {
    const title = /^ {2}\/\/ (.*)/.exec(line)?.[1];
    const [, code, data = ""] = /^ {2}"?([a-z-]+)"?: \{ (.*) \};$/.exec(line) ?? [];
    if (title !== undefined) found.push({ title, codes: [] });
    else if (code !== undefined) found.at(-1)?.codes.push({ code: code as ErrorCode, data });
    else throw new Error(`src/core/errors.ts: "${line}" is not understood`);
  }
  return found;
}

function table(): string {
  const lines = ["| code | data | handler | gateway |", "|---|---|---|---|"];
  for (const { title, codes } of groups()) {
    lines.push(`| *${title}* | | | |`);
    for (const { code, data } of codes) {
      const gateway = problem({ code, message: "", data: {} } as unknown as MirrorError).status;
      const fields = data.replaceAll(";", ",").replace(/: [a-z]+(\[\])?/g, "$1");
      lines.push(`| \`${code}\` | ${fields} | ${problemStatus(code, "service-worker")} | ${gateway} |`);
    }
  }
  return lines.join("\n");
}

test("docs/protocol.md lists every error code with the statuses it is answered with", () => {
  const docs = /<!-- errors:[^\n]*-->\n(.*?)<!-- \/errors -->/s.exec(read("docs/protocol.md"))?.[1]?.trim();
  expect(docs).toBe(table());
});
