import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { evaluatePreconditions, rangeApplies } from "../../src/core/http/conditional.ts";
import { httpDate, parseHttpDate } from "../../src/core/http/date.ts";
import { parseEntityTags } from "../../src/core/http/entity-tag.ts";
import { prefersHtml } from "../../src/core/http/headers.ts";
import { problemOf, problemStatus, retryAfterSeconds } from "../../src/core/http/problem.ts";
import { parseRange } from "../../src/core/http/range.ts";
import { decodePath } from "../../src/core/http/request-path.ts";
import { cpuMs } from "../support/cpu-time.ts";

const now = 1_700_000_000;
const validators = { etag: '"abc"', lastModified: "Tue, 14 Nov 2023 22:13:20 GMT" };
const fields = (headers: Record<string, string>) => (name: string) => headers[name] ?? null;
const evaluate = (headers: Record<string, string>, of = validators as Parameters<typeof evaluatePreconditions>[1]) =>
  evaluatePreconditions(fields(headers), of, now);

describe("dates", () => {
  test("are written as IMF-fixdate", () => {
    expect(httpDate(784111777)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
    expect(httpDate(-5)).toBe("Thu, 01 Jan 1970 00:00:00 GMT");
    expect(httpDate(1e18)).toBe("Fri, 31 Dec 9999 23:59:59 GMT");
  });
  test.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "are read in all three forms: %s",
    (text) => expect(parseHttpDate(text, now)).toBe(784111777),
  );
  test.each([
    "",
    "yesterday",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 25:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 CET",
  ])("that are none are not read: %j", (text) => expect(parseHttpDate(text, now)).toBeNull());
  test("round-trip", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (s) => {
        expect(parseHttpDate(httpDate(s), now)).toBe(s);
      }),
    );
  });
});

describe("preconditions", () => {
  test.each([
    [{}, "proceed"],
    [{ "if-none-match": '"abc"' }, "not-modified"],
    [{ "if-none-match": 'W/"abc"' }, "not-modified"],
    [{ "if-none-match": ' , "x","a,b" ,W/"abc" ,' }, "not-modified"],
    [{ "if-none-match": " * " }, "not-modified"],
    [{ "if-none-match": '"ABC"' }, "proceed"],
    [{ "if-none-match": "abc" }, "proceed"],
    [{ "if-none-match": '"abc" garbage' }, "proceed"],
    [{ "if-none-match": "" }, "proceed"],
    [{ "if-none-match": '"x"', "if-modified-since": validators.lastModified }, "proceed"],
    [{ "if-modified-since": validators.lastModified }, "not-modified"],
    [{ "if-modified-since": "Wed, 15 Nov 2023 22:13:20 GMT" }, "proceed"],
    [{ "if-match": '"abc"' }, "proceed"],
    [{ "if-match": "*" }, "proceed"],
    [{ "if-match": 'W/"abc"' }, "failed"],
    [{ "if-match": '"x"', "if-none-match": '"abc"' }, "failed"],
    [{ "if-match": '"abc"', "if-none-match": '"abc"' }, "not-modified"],
    [{ "if-match": '"abc"', "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" }, "proceed"],
    [{ "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" }, "failed"],
    [{ "if-unmodified-since": validators.lastModified }, "proceed"],
    [{ "if-unmodified-since": "garbage" }, "proceed"],
  ] as const)("%j: %s", (headers, expected) => expect(evaluate(headers)).toBe(expected));

  test("without a date, dates are ignored", () => {
    const undated = { etag: '"abc"', lastModified: null };
    expect(evaluate({ "if-modified-since": "Sun, 06 Nov 1994 08:49:37 GMT" }, undated)).toBe("proceed");
    expect(evaluate({ "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" }, undated)).toBe("proceed");
  });

  test("a list of any tags is read back", () => {
    const opaque = fc.string({ unit: fc.constantFrom("a", ",", "!", "é", "\\", "]"), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.record({ weak: fc.boolean(), opaque }), { minLength: 1, maxLength: 5 }), (tags) => {
        const text = tags.map((tag) => `${tag.weak ? "W/" : ""}"${tag.opaque}"`).join(", ");
        expect(parseEntityTags(text)).toEqual(tags.map((tag) => ({ weak: tag.weak, opaque: `"${tag.opaque}"` })));
      }),
    );
  });

  test("a megabyte of commas and quotes is read in linear time", () => {
    const ms = cpuMs(() => {
      for (const text of [",".repeat(1e6), '"'.repeat(1e6), '"a",'.repeat(2.5e5), `"${"a".repeat(1e6)}`])
        parseEntityTags(text);
    });
    expect(ms).toBeLessThan(1000);
  });
});

describe("If-Range", () => {
  test.each([
    [{}, true],
    [{ "if-range": '"abc"' }, true],
    [{ "if-range": 'W/"abc"' }, false],
    [{ "if-range": '"abc", "x"' }, false],
    [{ "if-range": validators.lastModified }, true],
    [{ "if-range": "Wed, 15 Nov 2023 22:13:20 GMT" }, false],
    [{ "if-range": "" }, false],
  ] as const)("%j: %s", (headers, expected) => expect(rangeApplies(fields(headers), validators)).toBe(expected));
});

describe("ranges of ten bytes", () => {
  test.each([
    [null, "whole"],
    ["bytes=0-0", [0, 0]],
    ["BYTES=2-4", [2, 4]],
    ["bytes=5-", [5, 9]],
    ["bytes=-3", [7, 9]],
    ["bytes=-30", [0, 9]],
    ["bytes=9-99999999999999999999", [9, 9]],
    ["bytes=, 1-2 ,", [1, 2]],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=10-12", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=0-1,3-4", "whole"],
    ["bytes=4-3", "whole"],
    ["bytes=-", "whole"],
    ["bytes=", "whole"],
    ["bytes=1", "whole"],
    ["bytes=1 - 2", "whole"],
    ["bytes=0x1-2", "whole"],
    ["bytes=+1-2", "whole"],
    ["items=0-1", "whole"],
    ["", "whole"],
  ] as const)("%j", (text, expected) => {
    const answer = parseRange(text, 10);
    if (typeof expected === "string") expect(answer).toEqual({ type: expected });
    else expect(answer).toEqual({ type: "part", first: expected[0], last: expected[1] });
  });

  test("of nothing", () => {
    expect(parseRange("bytes=0-", 0)).toEqual({ type: "unsatisfiable" });
    expect(parseRange("bytes=-5", 0)).toEqual({ type: "whole" });
  });

  test("a part is never empty and never outside", () => {
    fc.assert(
      fc.property(fc.nat(50), fc.option(fc.nat(60), { nil: "" }), fc.option(fc.nat(60), { nil: "" }), (size, a, b) => {
        const answer = parseRange(`bytes=${a}-${b}`, size);
        if (answer.type !== "part") return;
        expect(answer.first).toBeGreaterThanOrEqual(0);
        expect(answer.last).toBeGreaterThanOrEqual(answer.first);
        expect(answer.last).toBeLessThan(size);
      }),
    );
  });
});

describe("request paths", () => {
  const codeOf = (path: string) => {
    try {
      return decodePath(path).join("/");
    } catch (thrown) {
      return (thrown as MirrorError).code;
    }
  };
  test.each([
    ["packages/a/a.1~beta+x/opam", "packages/a/a.1~beta+x/opam"],
    ["p%61ckages", "packages"],
    ["%2561", "%61"],
    ["caf%C3%A9", "café"],
    ["...", "..."],
  ])("%j is %j", (path, decoded) => expect(codeOf(path)).toBe(decoded));
  test.each([
    "",
    "/",
    "a//b",
    "a/",
    "/a",
    ".",
    "..",
    "a/../b",
    "%2e%2e/b",
    "a/%2E",
    "a%2fb",
    "a%5cb",
    "a\\b",
    "%00",
    "a%1f",
    "a\nb",
    "%7f",
    "%",
    "%f",
    "%ff",
    "%c0%af",
    "%ed%a0%80",
  ])("%j is refused", (path) => expect(codeOf(path)).toBe("bad-path"));
  test("more than 255 bytes are refused", () => {
    expect(codeOf("a".repeat(255))).toBe("a".repeat(255));
    for (const path of ["a".repeat(256), "é".repeat(128), "%61".repeat(256), "a".repeat(100_000)])
      expect(codeOf(path)).toBe("bad-path");
  });
  test("whatever is accepted is a safe tree path, decoded once", () => {
    const piece = fc.constantFrom("a", "/", ".", "%2e", "%2f", "%5c", "\\", "%00", "%25", "é", "%c3%a9", "%ff", "..");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = codeOf(pieces.join(""));
        if (path === "bad-path") return;
        for (const segment of path.split("/")) expect(["", ".", ".."]).not.toContain(segment);
        expect(path).not.toMatch(/[\\\0]/);
        expect(path).toBe(decodeURIComponent(pieces.join("")));
      }),
    );
  });
});

describe("Accept", () => {
  test.each([
    [null, false],
    ["*/*", false],
    ["text/html", true],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
    ["application/json, text/html;q=0.9", false],
    ["text/*;q=0.9, application/json;q=0.1", true],
    ["text/html;q=0", false],
    ["text/html;q=x", false],
  ])("%j: %s", (accept, html) => expect(prefersHtml(accept)).toBe(html));
});

describe("problems", () => {
  test("carry code, title, status, detail and data", () => {
    const problem = problemOf(new MirrorError("not-found", { path: "x" }), 404);
    expect(problem).toEqual({
      type: "about:blank",
      title: "Not Found",
      status: 404,
      detail: expect.stringContaining("x"),
      code: "not-found",
      data: { path: "x" },
    });
  });
  test("an archive nobody has is a 404 for native opam only", () => {
    expect(problemStatus("archive-unavailable", "gateway")).toBe(404);
    expect(problemStatus("archive-mismatch", "service-worker")).toBe(502);
    expect(problemStatus("internal", "gateway")).toBe(500);
  });
  test.each([
    [0, 1],
    [0.2, 1],
    [59.1, 60],
    [1e9, 60],
    [Number.NaN, 60],
    [-4, 1],
  ])("retry after %d s: %d", (s, expected) => expect(retryAfterSeconds(s)).toBe(expected));
});
