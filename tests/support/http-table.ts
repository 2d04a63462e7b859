/**
 * The HTTP surface as data: what every host that serves a repository must answer, once a snapshot is published.
 * Paths are relative to `<base>opam/<repository>/` and are sent as they stand. In paths, header values and expectations
 * these are replaced: `$file` a package file's path (`$file-encoded` the same with needless encoding, `$folder` its folder), `$md5`, `$sha256`,
 * `$sha512` checksums of an archive that the host can deliver, and `$etag`, `$date`, `$size`, `$last` (size − 1) of a
 * plain GET of `of`.
 */
export interface HttpCase {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Path whose plain GET gives `$etag` and the others. */
  readonly of?: string;
  readonly status: number | readonly number[];
  /** Expected header values; null: absent; a RegExp: matched. */
  readonly expect?: Readonly<Record<string, string | null | RegExp>>;
  /** Expected bytes: all of the plain GET of `of`, a part of it (last inclusive), or none. */
  readonly body?: "same" | "none" | readonly [first: number, last: number];
  /** Stable code of the problem+json. */
  readonly code?: string;
  /** The URL parser would change this path: it can only be sent by a raw socket. */
  readonly raw?: boolean;
}

const file = { path: "$file", of: "$file" };
const archive = { path: "cache/sha256/$sha256-prefix/$sha256", of: "cache/sha256/$sha256-prefix/$sha256" };
const text = "text/plain; charset=utf-8";
const refused = { status: 400, code: "bad-path" } as const;
const fullFile = { status: 200, body: "same" } as const;

export const httpTable: readonly HttpCase[] = [
  // Representations
  {
    name: "repo",
    path: "repo",
    status: 200,
    expect: { "content-type": text, "x-opam-source": "snapshot", etag: /^"[0-9a-f]{64}"$/, "last-modified": /GMT$/ },
  },
  { name: "version", path: "version", status: 200, expect: { "content-type": text, etag: /^"[0-9a-f]{40}"$/ } },
  {
    name: "package file",
    ...file,
    status: 200,
    expect: { "content-type": text, etag: /^"[0-9a-f]{40}"$/, "content-length": "$size", "accept-ranges": "bytes" },
  },
  {
    name: "index",
    path: "index.tar.gz",
    status: 200,
    expect: { "content-type": "application/gzip", etag: /^"[0-9a-f]{64}"$/, "content-length": /^\d+$/ },
  },
  { name: "updates", path: "updates", status: 200, expect: { "content-type": "application/json" } },
  { name: "archives", path: "archives", status: 200, expect: { "content-type": "application/json" } },
  { name: "problems", path: "problems", status: 200, expect: { "content-type": "application/json" } },
  { name: "status", path: "status", status: 200, expect: { "content-type": "application/json" } },
  {
    name: "status for curl",
    path: "status",
    headers: { accept: "*/*" },
    status: 200,
    expect: { "content-type": "application/json" },
  },
  {
    name: "status for a browser",
    path: "status",
    headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" },
    status: 303,
    expect: { location: /\/$/ },
  },
  {
    name: "status, JSON preferred",
    path: "status",
    headers: { accept: "text/html;q=0.5, application/json" },
    status: 200,
  },
  { name: "query is ignored", path: "$file?x=1", of: "$file", ...fullFile },
  // HEAD
  {
    name: "HEAD file",
    method: "HEAD",
    ...file,
    status: 200,
    body: "none",
    expect: { "content-length": "$size", etag: "$etag", "last-modified": "$date" },
  },
  {
    name: "HEAD index",
    method: "HEAD",
    path: "index.tar.gz",
    of: "index.tar.gz",
    status: 200,
    body: "none",
    expect: { "content-length": "$size", etag: "$etag" },
  },
  {
    name: "HEAD ignores Range",
    method: "HEAD",
    ...file,
    headers: { range: "bytes=0-1" },
    status: 200,
    body: "none",
    expect: { "content-length": "$size" },
  },
  { name: "HEAD of nothing", method: "HEAD", path: "packages/none/none.1/opam", status: 404, body: "none" },
  { name: "HEAD update starts nothing", method: "HEAD", path: "update", status: 202, body: "none" },
  // Conditional requests
  {
    name: "If-None-Match",
    ...file,
    headers: { "if-none-match": "$etag" },
    status: 304,
    body: "none",
    expect: { etag: "$etag", "content-length": null, "content-type": null },
  },
  {
    name: "If-None-Match, HEAD",
    method: "HEAD",
    ...file,
    headers: { "if-none-match": "$etag" },
    status: 304,
    body: "none",
  },
  { name: "If-None-Match, weak", ...file, headers: { "if-none-match": "W/$etag" }, status: 304 },
  { name: "If-None-Match, list", ...file, headers: { "if-none-match": '"a,b" , W/"c",$etag' }, status: 304 },
  { name: "If-None-Match, *", ...file, headers: { "if-none-match": "*" }, status: 304 },
  { name: "If-None-Match, other", ...file, headers: { "if-none-match": '"other"' }, ...fullFile },
  { name: "If-None-Match, unquoted", ...file, headers: { "if-none-match": "other" }, ...fullFile },
  {
    name: "If-None-Match before If-Modified-Since",
    ...file,
    headers: { "if-none-match": '"other"', "if-modified-since": "$date" },
    ...fullFile,
  },
  { name: "If-Modified-Since", ...file, headers: { "if-modified-since": "$date" }, status: 304 },
  {
    name: "If-Modified-Since, later is not equal",
    ...file,
    headers: { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" },
    ...fullFile,
  },
  { name: "If-Modified-Since, no date", ...file, headers: { "if-modified-since": "yesterday" }, ...fullFile },
  { name: "If-None-Match of repo", path: "repo", of: "repo", headers: { "if-none-match": "$etag" }, status: 304 },
  {
    name: "If-None-Match of index",
    path: "index.tar.gz",
    of: "index.tar.gz",
    headers: { "if-none-match": "$etag" },
    status: 304,
  },
  { name: "If-Match", ...file, headers: { "if-match": "$etag" }, ...fullFile },
  {
    name: "If-Match, weak never matches",
    ...file,
    headers: { "if-match": "W/$etag" },
    status: 412,
    code: "precondition-failed",
  },
  { name: "If-Match, *", ...file, headers: { "if-match": "*" }, ...fullFile },
  {
    name: "If-Unmodified-Since, before",
    ...file,
    headers: { "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT" },
    status: 412,
    code: "precondition-failed",
  },
  { name: "If-Unmodified-Since, equal", ...file, headers: { "if-unmodified-since": "$date" }, ...fullFile },
  // Ranges
  {
    name: "range",
    ...file,
    headers: { range: "bytes=1-3" },
    status: 206,
    body: [1, 3],
    expect: { "content-range": "bytes 1-3/$size", "content-length": "3", etag: "$etag", "content-type": text },
  },
  {
    name: "range, open",
    ...file,
    headers: { range: "bytes=2-" },
    status: 206,
    expect: { "content-range": "bytes 2-$last/$size" },
  },
  { name: "range, suffix", ...file, headers: { range: "bytes=-2" }, status: 206, expect: { "content-length": "2" } },
  {
    name: "range, suffix longer than all",
    ...file,
    headers: { range: "bytes=-99999999" },
    status: 206,
    body: "same",
    expect: { "content-range": "bytes 0-$last/$size" },
  },
  {
    name: "range, beyond the end",
    ...file,
    headers: { range: "bytes=0-99999999999999999999" },
    status: 206,
    body: "same",
    expect: { "content-range": "bytes 0-$last/$size" },
  },
  {
    name: "range, unsatisfiable",
    ...file,
    headers: { range: "bytes=$size-" },
    status: 416,
    code: "range-unsatisfiable",
    expect: { "content-range": "bytes */$size" },
  },
  { name: "range, empty suffix", ...file, headers: { range: "bytes=-0" }, status: 416, code: "range-unsatisfiable" },
  { name: "range, reversed", ...file, headers: { range: "bytes=3-1" }, ...fullFile },
  { name: "range, several", ...file, headers: { range: "bytes=0-0,2-3" }, ...fullFile },
  { name: "range, other unit", ...file, headers: { range: "lines=0-1" }, ...fullFile },
  { name: "range, garbage", ...file, headers: { range: "bytes=a-b" }, ...fullFile },
  { name: "If-Range, tag", ...file, headers: { range: "bytes=0-0", "if-range": "$etag" }, status: 206 },
  { name: "If-Range, weak tag", ...file, headers: { range: "bytes=0-0", "if-range": "W/$etag" }, ...fullFile },
  { name: "If-Range, other tag", ...file, headers: { range: "bytes=0-0", "if-range": '"other"' }, ...fullFile },
  { name: "If-Range, date", ...file, headers: { range: "bytes=0-0", "if-range": "$date" }, status: 206 },
  {
    name: "If-Range, other date",
    ...file,
    headers: { range: "bytes=0-0", "if-range": "Sun, 06 Nov 1994 08:49:37 GMT" },
    ...fullFile,
  },
  { name: "304 before range", ...file, headers: { range: "bytes=0-0", "if-none-match": "$etag" }, status: 304 },
  {
    name: "range of index",
    path: "index.tar.gz",
    of: "index.tar.gz",
    headers: { range: "bytes=0-1" },
    status: 206,
    body: [0, 1],
  },
  // Paths
  { name: "percent-encoded", path: "$file-encoded", of: "$file", ...fullFile },
  { name: "encoded once more", path: "packages/%2565", status: 404, code: "not-found" },
  {
    name: "unknown package",
    path: "packages/none/none.1/opam",
    status: 404,
    code: "not-found",
    expect: { "content-type": "application/problem+json" },
  },
  { name: "a folder", path: "$folder", status: 404, code: "not-found" },
  { name: "outside of the layout", path: "README.md", status: 404, code: "not-found" },
  { name: "the repository itself", path: "", status: 404, code: "not-found" },
  { name: "below a file", path: "repo/x", status: 404, code: "not-found" },
  { name: "prototype names", path: "packages/__proto__", status: 404, code: "not-found" },
  { name: "double slash", path: "packages//a/opam", ...refused },
  { name: "trailing slash", path: "packages/", ...refused },
  { name: "encoded slash", path: "packages%2Fa", ...refused },
  { name: "encoded dots and slash", path: "packages/..%2f..%2frepo", ...refused },
  { name: "encoded backslash", path: "packages%5Ca", ...refused },
  { name: "NUL", path: "packages/a%00b", ...refused },
  { name: "control character", path: "packages/a%0ab", ...refused },
  { name: "not UTF-8", path: "packages/%ff", ...refused },
  { name: "overlong UTF-8", path: "packages/%c0%ae%c0%ae/x", ...refused },
  { name: "broken percent-encoding", path: "packages/%zz", ...refused },
  { name: "256 bytes", path: `packages/${"a".repeat(247)}`, ...refused },
  { name: "8 KiB", path: `packages/${"a".repeat(8192)}`, ...refused },
  { name: "dots", path: "packages/../repo", status: [200, 400], raw: true },
  { name: "encoded dots", path: "packages/%2e%2e/%2e%2e/repo", status: [400, 404], raw: true },
  { name: "a dot", path: "packages/./a", status: [400, 404], raw: true },
  { name: "backslash", path: "packages\\a", status: [400, 404], raw: true },
  // Methods
  {
    name: "POST",
    method: "POST",
    ...file,
    status: 405,
    code: "method-not-allowed",
    expect: { allow: "GET, HEAD, OPTIONS" },
  },
  { name: "PUT", method: "PUT", path: "repo", status: 405, code: "method-not-allowed" },
  { name: "DELETE", method: "DELETE", path: "index.tar.gz", status: 405, code: "method-not-allowed" },
  { name: "POST updates", method: "POST", path: "updates", status: 405, code: "method-not-allowed" },
  { name: "POST status", method: "POST", path: "status", status: 405, code: "method-not-allowed" },
  {
    name: "DELETE update",
    method: "DELETE",
    path: "update",
    status: 405,
    expect: { allow: "GET, HEAD, POST, OPTIONS" },
  },
  {
    name: "OPTIONS",
    method: "OPTIONS",
    ...file,
    status: 204,
    body: "none",
    expect: {
      allow: "GET, HEAD, OPTIONS",
      "access-control-allow-methods": "GET, HEAD, OPTIONS",
      "access-control-allow-headers": /Range/,
    },
  },
  { name: "update", path: "update", status: 202, expect: { "content-type": "application/json" } },
  { name: "POST update", method: "POST", path: "update", status: 202 },
  // Archives
  {
    name: "archive by sha256",
    ...archive,
    status: 200,
    expect: {
      "content-type": "application/octet-stream",
      etag: '"$sha256"',
      "content-length": "$size",
      "cache-control": /immutable/,
    },
  },
  {
    name: "archive by md5",
    path: "cache/md5/$md5-prefix/$md5",
    of: archive.of,
    status: 200,
    body: "same",
    expect: { etag: '"$sha256"' },
  },
  { name: "archive by sha512", path: "cache/sha512/$sha512-prefix/$sha512", of: archive.of, status: 200, body: "same" },
  { name: "archive, range", ...archive, headers: { range: "bytes=1-2" }, status: 206, body: [1, 2] },
  { name: "archive, If-None-Match", ...archive, headers: { "if-none-match": "$etag" }, status: 304 },
  {
    name: "archive, HEAD",
    ...archive,
    method: "HEAD",
    status: 200,
    body: "none",
    expect: { "content-length": "$size" },
  },
  {
    name: "archive nobody has",
    path: `cache/sha256/00/${"0".repeat(64)}`,
    status: [404, 502],
    code: "archive-unavailable",
  },
  { name: "archive, upper case", path: `cache/sha256/AA/${"A".repeat(64)}`, status: 400, code: "checksum-malformed" },
  { name: "archive, short", path: "cache/md5/ab/abcd", status: 400, code: "checksum-malformed" },
  { name: "archive, wrong folder", path: `cache/md5/00/${"a".repeat(32)}`, status: 400, code: "checksum-malformed" },
  { name: "archive, unknown kind", path: `cache/sha1/aa/${"a".repeat(40)}`, status: 400, code: "checksum-malformed" },
  { name: "archive, no checksum", path: "cache/md5", status: 400, code: "checksum-malformed" },
];

/** On every answer, whatever its status. */
const everywhere: Readonly<Record<string, string | RegExp>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox",
  "cross-origin-resource-policy": "cross-origin",
  "access-control-allow-origin": "*",
  "x-opam-source": /^(snapshot|sync|store|upstream)$/,
};

export interface HttpAnswer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
}

export type HttpSend = (method: string, path: string, headers: Readonly<Record<string, string>>) => Promise<HttpAnswer>;

/** What the placeholders stand for on the host under test. */
export interface HttpFacts {
  /** A package file with at least five bytes, whose last segment has a letter `p`. */
  readonly file: string;
  readonly md5: string;
  readonly sha256: string;
  readonly sha512: string;
}

/** Sends one case and returns what is wrong with the answer, in words; nothing when all is right. */
export async function checkHttpCase(httpCase: HttpCase, send: HttpSend, facts: HttpFacts): Promise<string[]> {
  const wrong: string[] = [];
  const values = new Map<string, string>([
    ["$file-encoded", facts.file.replace(/[^/]*$/, (name) => name.replaceAll("p", "%70"))],
    ["$file", facts.file],
    ["$folder", facts.file.slice(0, facts.file.lastIndexOf("/"))],
  ]);
  for (const name of ["md5", "sha256", "sha512"] as const) {
    values.set(`$${name}-prefix`, facts[name].slice(0, 2)).set(`$${name}`, facts[name]);
  }
  const fill = (template: string) => {
    let filled = template;
    for (const [name, value] of values) filled = filled.replaceAll(name, value);
    return filled;
  };
  let whole: HttpAnswer | null = null;
  if (httpCase.of !== undefined) {
    whole = await send("GET", fill(httpCase.of), {});
    if (whole.status !== 200) return [`plain GET answered ${whole.status}`];
    values.set("$etag", whole.header("etag") ?? "").set("$date", whole.header("last-modified") ?? "");
    values.set("$size", String(whole.body.length)).set("$last", String(whole.body.length - 1));
  }
  const headers = Object.fromEntries(
    Object.entries(httpCase.headers ?? {}).map(([name, value]) => [name, fill(value)]),
  );
  const answer = await send(httpCase.method ?? "GET", fill(httpCase.path), headers);
  const statuses = typeof httpCase.status === "number" ? [httpCase.status] : httpCase.status;
  if (!statuses.includes(answer.status)) wrong.push(`status ${answer.status} instead of ${statuses.join(" or ")}`);
  for (const [name, expected] of Object.entries({ ...everywhere, ...httpCase.expect })) {
    const found = answer.header(name);
    const right =
      expected instanceof RegExp
        ? found !== null && expected.test(found)
        : found === (expected === null ? null : fill(expected));
    if (!right) wrong.push(`header ${name}: ${found} instead of ${expected}`);
  }
  if (httpCase.body === "none" && answer.body.length > 0) wrong.push(`${answer.body.length} bytes instead of none`);
  if (whole !== null && httpCase.body !== undefined && httpCase.body !== "none") {
    const [first, last] = httpCase.body === "same" ? [0, whole.body.length - 1] : httpCase.body;
    const expected = whole.body.subarray(first, last + 1);
    if (answer.body.length !== expected.length || answer.body.some((byte, i) => byte !== expected[i]))
      wrong.push(`body: ${answer.body.length} bytes that are not ${first}–${last}`);
  }
  const head = httpCase.method === "HEAD" || answer.status === 304 || answer.status === 204;
  const length = answer.header("content-length");
  if (!head && length !== null && Number(length) !== answer.body.length)
    wrong.push(`Content-Length ${length} of ${answer.body.length} bytes`);
  if (httpCase.code !== undefined && answer.body.length > 0) {
    const problem = JSON.parse(new TextDecoder().decode(answer.body)) as Record<string, unknown>;
    if (problem.code !== httpCase.code) wrong.push(`code ${String(problem.code)} instead of ${httpCase.code}`);
    const words = [problem.title, problem.detail].filter((word) => typeof word === "string" && word !== "");
    if (problem.status !== answer.status || problem.type !== "about:blank" || new Set(words).size < 2)
      wrong.push("incomplete problem");
    if (answer.header("content-type") !== "application/problem+json") wrong.push("not problem+json");
  }
  return wrong;
}
