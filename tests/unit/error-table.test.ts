import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { expect, test } from "vitest";
import type { ErrorCode, MirrorError } from "../../src/core/errors.ts";
import { problemOf, problemStatus } from "../../src/core/http/problem.ts";
import { problem } from "../../src/gateway/problem.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Node has the phrase that 413 had before RFC 9110. */
const phraseOf = (status: number) => (status === 413 ? "Content Too Large" : STATUS_CODES[status]);

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

test("a problem of the gateway's own routes is written like one of the handler (RFC 9457)", async () => {
  const said = "What failed, why, and what to do.";
  for (const { codes } of groups())
    for (const { code } of codes) {
      const error = { code, message: said, data: { retryAfter: 1_000 } } as unknown as MirrorError;
      const answer = problem(error);
      const body = (await answer.json()) as Record<string, unknown>;
      expect(body).toEqual(problemOf(error, answer.status));
      expect(body).toMatchObject({ type: "about:blank", status: answer.status, detail: said, code });
      expect(body.title).toBe(phraseOf(answer.status));
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(answer.headers.get("retry-after")).toBe(answer.status === 503 ? "60" : null);
    }
});
