import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import type { KnownArchive } from "../../src/serve/archive-catalog.ts";
import type { Archive } from "../../src/serve/ports.ts";
import { ServedArchives } from "../../src/serve/served-archives.ts";
import { fakeStore, sha, testSlice } from "../support/fake-snapshot.ts";

const bytes = new Uint8Array(200_000).map((_, i) => (i * 7 + (i >> 8)) & 255);
const wrong = bytes.with(1_000, 1 ^ bytes[1_000]!);
const sums = { md5: sha("md5", bytes), sha256: sha("sha256", bytes), sha512: sha("sha512", bytes) };
const list = (["md5", "sha256", "sha512"] as const).map((algorithm) => ({ algorithm, hex: sums[algorithm] }));
const never = () => new AbortController().signal;
const path = `sha256/${sums.sha256.slice(0, 2)}/${sums.sha256}`;

type Answer = (init: RequestInit) => Response | Promise<Response>;
const missing: Answer = () => new Response(null, { status: 404 });
/** As a browser answers what it must not read. */
const refusesCors: Answer = ({ mode }) =>
  mode === "no-cors" ? new Response(null) : Promise.reject(new TypeError("Failed to fetch"));
const unreachable: Answer = () => Promise.reject(new TypeError("Failed to fetch"));

function archivesWith(
  answers: Record<string, Answer>,
  known: Partial<KnownArchive> | null,
  base = "https://m.example/",
) {
  const asked: string[] = [];
  const store = fakeStore();
  const make = () =>
    new ServedArchives({
      base,
      fetch: async (input, init = {}) => {
        const url = new URL(String(input));
        asked.push(`${init.mode === "no-cors" ? "probe " : ""}${url.href}`);
        const answer = answers[url.host] ?? missing;
        return answer(init);
      },
      store,
      clock: systemClock,
      slice: () => testSlice(),
      archiveBytes: 1_000_000,
      catalog: {
        ownFile: async () => null,
        sourcesOf: async () => known && { alternatives: [list], urls: [], mirrors: [], weak: false, ...known },
      },
    });
  const archives = make();
  const get = () => archives.get("default", "sha256", sums.sha256, never());
  return { archives, asked, store, get, restarted: make };
}

const gateway = `https://m.example/gateway/archive/sha256/${sums.sha256}`;
const digest = async ({ body }: Archive) => sha("sha256", await new Response(body as Uint8Array<ArrayBuffer>).bytes());

describe("an archive is looked for", () => {
  test("at the gateway, at archive mirrors, and at the addresses of opam files, in this order", async () => {
    const { get, asked, archives } = archivesWith(
      { "last.example": () => new Response(bytes) },
      {
        mirrors: ["https://mirror.example/cache/"],
        urls: ["https://src.example/a.tgz#x", "https://second.example/a.tgz", "https://last.example/a.tgz"],
      },
    );
    expect(await digest(await get())).toBe(sums.sha256);
    expect(asked).toEqual([
      gateway,
      `https://mirror.example/cache/${path}`,
      "https://src.example/a.tgz",
      "https://second.example/a.tgz",
      "https://last.example/a.tgz",
    ]);
    expect(archives.report()).toEqual({ active: [], failed: [], mismatched: [] });
  });

  test("at the gateway alone when opam files do not name it", async () => {
    const { get, asked } = archivesWith({}, null);
    await expect(get()).rejects.toMatchObject({ code: "archive-unavailable" });
    expect(asked).toEqual([gateway]);
  });

  test("at the next place when one sends something else, which is reported; nothing wrong is stored", async () => {
    const { get, asked, archives, store } = archivesWith(
      {
        "m.example": () => new Response(wrong),
        "src.example": () => new Response(bytes.subarray(1)),
        "good.example": () => new Response(bytes),
      },
      { urls: ["https://src.example/a?token=secret", "https://good.example/a"] },
    );
    expect(await get()).toMatchObject({ sha256: sums.sha256, source: "upstream" });
    expect(asked).toHaveLength(3);
    expect([...store.archives.keys()]).toEqual([sums.sha256]);
    const checksum = `sha256=${sums.sha256}`;
    expect(archives.report().mismatched).toEqual([
      { checksum, place: gateway },
      { checksum, place: "https://src.example/a" },
    ]);
    expect(await get()).toMatchObject({ source: "store" });
    expect(asked).toHaveLength(3);
  });

  test("and refused when it does not match all that is listed, though it matches what was asked", async () => {
    const other = [...list.slice(0, 2), { algorithm: "sha512" as const, hex: "0".repeat(128) }];
    const { get, store } = archivesWith({ "m.example": () => new Response(bytes) }, { alternatives: [other] });
    await expect(get()).rejects.toMatchObject({ code: "archive-mismatch", data: { source: gateway } });
    expect(store.archives.size).toBe(0);
  });

  test("and not taken from the store for a repository that lists something else with it", async () => {
    let alternatives: KnownArchive["alternatives"] = [list];
    const { archives } = archivesWith(
      { "m.example": () => new Response(bytes) },
      {
        get alternatives() {
          return alternatives;
        },
      },
    );
    const get = () => archives.get("default", "md5", sums.md5, never());
    const known = vi.fn(get);
    expect(await known()).toMatchObject({ source: "upstream" });
    alternatives = [[list[0]!, { algorithm: "sha256", hex: "0".repeat(64) }]];
    await expect(get()).rejects.toMatchObject({ code: "archive-mismatch" });
  });

  test("once, whichever checksums it is asked by at the same time", async () => {
    const { archives, asked } = archivesWith({ "m.example": () => new Response(bytes) }, {});
    const both = list.flatMap(({ algorithm, hex }) =>
      Array.from({ length: 20 }, () => archives.get("default", algorithm, hex, never())),
    );
    for (const archive of await Promise.all(both)) expect(archive.sha256).toBe(sums.sha256);
    expect(asked).toHaveLength(1);
  });
});

describe("hosts that let nobody read what they send", () => {
  const urls = ["https://cors.example/a", "https://cors.example/b"];

  test("are found out once and remembered, after a restart too", async () => {
    const { get, asked, restarted } = archivesWith({ "cors.example": refusesCors }, { urls });
    const thrown = await get().catch((error: unknown) => error);
    expect((thrown as { data: { tried: string[] } }).data.tried).toEqual([
      `${gateway} (HTTP status 404)`,
      ...urls.map((url) => `${url} (cors.example lets no other site read what it sends (CORS); a gateway can)`),
    ]);
    expect(asked).toEqual([gateway, urls[0], `probe ${urls[0]}`]);
    await expect(restarted().get("default", "sha256", sums.sha256, never())).rejects.toMatchObject({
      code: "archive-unavailable",
    });
    expect(asked).toHaveLength(4);
  });

  test("are not confused with a network that is down", async () => {
    const { get, asked } = archivesWith({ "cors.example": unreachable }, { urls: urls.slice(0, 1) });
    await expect(get()).rejects.toMatchObject({ code: "archive-unavailable" });
    await expect(get()).rejects.toMatchObject({ code: "archive-unavailable" });
    expect(asked.filter((url) => url === urls[0])).toHaveLength(2);
  });

  test("include those of plain http on a secure page, which no browser asks", async () => {
    const plain = { urls: ["http://plain.example/a", "http://localhost:99/a"] };
    const { get, asked } = archivesWith({}, plain);
    await expect(get()).rejects.toThrow("plain http");
    expect(asked).toEqual([gateway, "http://localhost:99/a"]);
    const insecure = archivesWith({}, plain, "http://m.example/");
    await expect(insecure.get()).rejects.toMatchObject({ code: "archive-unavailable" });
    expect(insecure.asked).toHaveLength(3);
  });
});
