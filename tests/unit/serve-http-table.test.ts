import { describe, expect, test } from "vitest";
import type { Archives } from "../../src/serve/ports.ts";
import { encode, fakeHandler, fakeSnapshot, sha } from "../support/fake-snapshot.ts";
import { checkHttpCase, type HttpFacts, type HttpSend, httpTable } from "../support/http-table.ts";

const file = "packages/demo/demo.1.0/opam";
const archive = encode("not really a tar archive");
const snapshot = fakeSnapshot({
  repo: 'opam-version: "2.0"\nannounce: "hello"\n',
  version: "0.9.0\n",
  [file]: 'opam-version: "2.0"\nsynopsis: "A demo"\n',
  "packages/demo/demo.1.0/files/x.patch": "--- a\n",
  "packages/%65/%65.1/opam": "",
  "README.md": "not served",
});
const facts: HttpFacts = {
  file,
  md5: sha("md5", archive),
  sha256: sha("sha256", archive),
  sha512: sha("sha512", archive),
};
const archives: Archives = {
  get: async (_repository, algorithm, hex) =>
    hex === facts[algorithm] ? { body: new Blob([archive]), sha256: facts.sha256, source: "store" } : null,
  report: () => ({ active: [], failed: [] }),
};

describe.each([
  ["service-worker", false],
  ["service-worker", true],
  ["gateway", false],
] as const)("HTTP table, answered by the handler of the %s (small bodies as streams: %s)", (host, pipesSmallBodies) => {
  const { get, updates } = fakeHandler({ snapshot, archives, host, pipesSmallBodies });
  const send: HttpSend = async (method, path, headers) => {
    const response = await get(`opam/default/${path}`, { method, headers });
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  };

  test.each(httpTable.filter(({ raw }) => raw !== true))("$name", async (httpCase) => {
    const before = updates.length;
    expect(await checkHttpCase(httpCase, send, facts)).toEqual([]);
    const starts = httpCase.path === "update" && httpCase.status === 202 && httpCase.method !== "HEAD";
    expect(updates.length - before).toBe(starts ? 1 : 0);
  });
});

test("a 304 reads no blob", async () => {
  const { get } = fakeHandler({ snapshot });
  const etag = (await get(`opam/default/${file}`)).headers.get("etag")!;
  const reads = snapshot.reads;
  expect((await get(`opam/default/${file}`, { headers: { "if-none-match": etag } })).status).toBe(304);
  expect(snapshot.reads).toBe(reads);
});

test("the table notices a missing header, a wrong status and wrong bytes", async () => {
  const { get } = fakeHandler({ snapshot });
  const broken = (name: string | null, status: number | null, flip: boolean): HttpSend => {
    let first = true;
    return async (method, path, headers) => {
      const response = await get(`opam/default/${path}`, { method, headers });
      const body = new Uint8Array(await response.arrayBuffer());
      if (flip && !first) body[0]! ^= 1;
      first = false;
      return {
        status: status ?? response.status,
        header: (asked) => (asked === name ? null : response.headers.get(asked)),
        body,
      };
    };
  };
  const ranged = httpTable.find(({ name }) => name === "range")!;
  for (const send of [
    broken("x-content-type-options", null, false),
    broken("content-range", null, false),
    broken(null, 200.5, false),
    broken(null, null, true),
  ]) {
    expect(await checkHttpCase(ranged, send, facts)).not.toEqual([]);
  }
  expect(await checkHttpCase(ranged, broken(null, null, false), facts)).toEqual([]);
});
