import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { GatewayUpstream } from "../../src/serve/gateway-upstream.ts";
import { ServedArchives, type ServedArchivesDeps } from "../../src/serve/served-archives.ts";
import { encode, fakeHandler, fakeStore, sha, testSlice } from "../support/fake-snapshot.ts";

const base = "http://mirror.example/demo/";
const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 7 + (i >> 8)) & 255);
const sums = { md5: sha("md5", bytes), sha256: sha("sha256", bytes), sha512: sha("sha512", bytes) };
const never = () => new AbortController().signal;

function archivesWith(
  answer: (url: string, signal: AbortSignal) => Promise<Response> | Response,
  more: Partial<ServedArchivesDeps> = {},
) {
  const asked: string[] = [];
  const store = fakeStore();
  const archives = new ServedArchives({
    catalog: null,
    base,
    fetch: async (input, init) => {
      asked.push(String(input));
      return answer(String(input), init!.signal!);
    },
    store,
    clock: systemClock,
    slice: () => testSlice(),
    archiveBytes: 4_000_000,
    ...more,
  });
  return { archives, asked, store };
}

describe("archives through the gateway", () => {
  test.each(["md5", "sha256", "sha512"] as const)(
    "are asked for by %s, verified, stored, and served from the store",
    async (algorithm) => {
      const { archives, asked, store } = archivesWith(() => new Response(bytes));
      const first = await archives.get("default", algorithm, sums[algorithm], never());
      expect(first).toMatchObject({ sha256: sums.sha256, source: "upstream" });
      expect(sha("sha256", await new Response(first.body as Uint8Array<ArrayBuffer>).bytes())).toBe(sums.sha256);
      expect(asked).toEqual([`${base}gateway/archive/${algorithm}/${sums[algorithm]}`]);
      expect(store.archives.get(sums.sha256)?.record).toMatchObject({ ...sums, size: bytes.length });
      for (const kind of ["md5", "sha256", "sha512"] as const) {
        expect(await archives.get("default", kind, sums[kind], never())).toMatchObject({
          source: "store",
          sha256: sums.sha256,
        });
      }
      expect(asked).toHaveLength(1);
    },
  );

  test.each([
    ["one byte changed", () => bytes.with(1_500_000, 0xff ^ bytes[1_500_000]!)],
    ["one byte less", () => bytes.subarray(1)],
    ["one byte more", () => Uint8Array.of(...[0], ...encode("x"))],
    ["nothing", () => new Uint8Array(0)],
  ])("%s is refused, and nothing is stored", async (_, wrong) => {
    const { archives, store } = archivesWith(() => new Response(wrong()));
    await expect(archives.get("default", "md5", sums.md5, never())).rejects.toMatchObject({ code: "archive-mismatch" });
    expect(store.archives.size).toBe(0);
    const place = `${base}gateway/archive/md5/${sums.md5}`;
    expect(archives.report()).toEqual({
      active: [],
      failed: [`md5=${sums.md5}`],
      mismatched: [{ checksum: `md5=${sums.md5}`, place }],
    });
  });

  test("stored bytes that changed are fetched again and replaced", async () => {
    const { archives, asked, store } = archivesWith(() => new Response(bytes));
    await archives.get("default", "sha256", sums.sha256, never());
    const record = store.archives.get(sums.sha256)!;
    store.archives.set(sums.sha256, { ...record, pieces: [record.pieces[0]!.with(5, 0), ...record.pieces.slice(1)] });
    expect(await archives.get("default", "sha256", sums.sha256, never())).toMatchObject({ source: "upstream" });
    expect(asked).toHaveLength(2);
    expect(await archives.get("default", "sha256", sums.sha256, never())).toMatchObject({ source: "store" });
  });

  test("the store's own table finds a strong checksum after a restart", async () => {
    const { archives, store } = archivesWith(() => new Response(bytes));
    await archives.get("default", "sha256", sums.sha256, never());
    const { archives: restarted, asked } = archivesWith(() => new Response(null, { status: 404 }), {
      store,
    });
    expect(await restarted.get("default", "md5", sums.md5, never())).toMatchObject({ source: "store" });
    await expect(restarted.get("default", "md5", "0".repeat(32), never())).rejects.toMatchObject({
      code: "archive-unavailable",
    });
    expect(asked).toHaveLength(1);
  });

  test("identical requests share one download; it ends when nobody waits any more", async () => {
    let aborted = false;
    const { archives, asked } = archivesWith((_, signal) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return systemClock.sleep(50).then(() => new Response(bytes));
    });
    const leaving = new AbortController();
    const left = archives.get("default", "sha256", sums.sha256, leaving.signal);
    const stayed = archives.get("default", "sha256", sums.sha256, never());
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: "aborted" });
    expect(aborted).toBe(false);
    expect(await stayed).toMatchObject({ source: "upstream" });
    expect(asked).toHaveLength(1);

    const alone = new AbortController();
    const abandoned = archives.get("default", "md5", "1".repeat(32), alone.signal);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    alone.abort();
    await expect(abandoned).rejects.toMatchObject({ code: "aborted" });
    expect(aborted).toBe(true);
    expect(archives.report()).toEqual({ active: [], failed: [], mismatched: [] });
  });

  test("are refused by an md5 alone where checksums must be strong, stored or not", async () => {
    const list = (algorithm: "md5" | "sha256") => [{ algorithm, hex: sums[algorithm] }];
    let listed = [list("md5")];
    const { archives, asked } = archivesWith(() => new Response(bytes), {
      catalog: {
        ownFile: async () => null,
        sourcesOf: async (name) =>
          name === "unknown" ? null : { alternatives: listed, urls: [], mirrors: [], weak: listed[0]!.length === 1 },
      },
      isStrict: async (name) => name !== "lenient",
    });
    const get = (name: string, by: "md5" | "sha256") => archives.get(name, by, sums[by], never());
    for (const name of ["strict", "unknown"])
      await expect(get(name, "md5")).rejects.toMatchObject({ code: "forbidden" });
    expect(asked).toEqual([]);
    expect(await get("lenient", "md5")).toMatchObject({ sha256: sums.sha256 });
    await expect(get("strict", "md5")).rejects.toMatchObject({ code: "forbidden" });
    expect(await get("unknown", "sha256")).toMatchObject({ source: "store" });
    listed = [[...list("md5"), ...list("sha256")]];
    expect(await get("strict", "md5")).toMatchObject({ source: "store" });
  });

  test("what the gateway tried is passed on", async () => {
    const { archives } = archivesWith(() =>
      Response.json({ data: { tried: ["https://a.example/x"] } }, { status: 404 }),
    );
    await expect(archives.get("default", "md5", sums.md5, never())).rejects.toMatchObject({
      code: "archive-unavailable",
      data: { tried: ["https://a.example/x"] },
    });
  });

  test.each([
    ["HTML with 500", () => new Response("<html>", { status: 500 })],
    ["no network", () => Promise.reject(new TypeError("failed to fetch"))],
    [
      "a body that breaks",
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) })),
    ],
    ["too many bytes", () => new Response(new Uint8Array(4_000_001))],
  ])("%s is archive-unavailable with a reason", async (_, answer) => {
    const { archives } = archivesWith(answer);
    const thrown = await archives.get("default", "md5", sums.md5, never()).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "archive-unavailable" });
    expect((thrown as { data: { tried: string[] } }).data.tried).toHaveLength(1);
  });

  test("silence ends after fifteen seconds", async () => {
    const clock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 1000, signal) };
    const { archives } = archivesWith(() => new Promise(() => {}), { clock: clock as typeof systemClock });
    await expect(archives.get("default", "md5", sums.md5, never())).rejects.toMatchObject({
      code: "archive-unavailable",
    });
    const stalled = archivesWith(() => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })), {
      clock: clock as typeof systemClock,
    });
    await expect(stalled.archives.get("default", "md5", sums.md5, never())).rejects.toMatchObject({
      code: "archive-unavailable",
    });
  });

  test("a gateway that is at work is asked again, as long as somebody waits and it says so", async () => {
    const slept: number[] = [];
    let now = 0;
    const clock = {
      now: () => now,
      wall: () => now,
      sleep: (ms: number, signal?: AbortSignal) => {
        // Deadlines of answers do not pass here: only what is slept between questions does.
        if (ms >= 15_000 && ms !== 60_000) return new Promise<void>(() => undefined);
        slept.push(ms);
        now += ms;
        return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
      },
    } as typeof systemClock;
    const busy = (seconds: string) => new Response("{}", { status: 503, headers: { "retry-after": seconds } });
    const answers = [busy("1"), busy("0"), busy("3"), new Response(bytes)];
    const { archives, asked } = archivesWith(() => answers.shift()!, { clock });
    expect(await archives.get("default", "sha256", sums.sha256, never())).toMatchObject({ source: "upstream" });
    expect(slept).toEqual([1000, 1000, 3000]);
    expect(new Set(asked).size).toBe(1);
    expect(asked).toHaveLength(4);

    const endless = archivesWith(() => busy("3600"), { clock });
    await expect(endless.archives.get("default", "sha256", sums.sha256, never())).rejects.toMatchObject({
      code: "archive-unavailable",
    });
    expect(endless.asked.length).toBeLessThan(15);

    const leaving = new AbortController();
    const left = archivesWith(
      () => {
        leaving.abort();
        return busy("1");
      },
      { clock },
    );
    await expect(left.archives.get("default", "sha256", sums.sha256, leaving.signal)).rejects.toMatchObject({
      code: "aborted",
    });
    expect(left.asked).toHaveLength(1);
  });

  test("a full store is no reason not to answer", async () => {
    const store = fakeStore();
    const { archiveWriter } = store;
    const refused = () => Promise.reject(new Error("quota"));
    store.archiveWriter = () => ({ ...archiveWriter(), size: 0, write: refused, commit: refused });
    const { archives } = archivesWith(() => new Response(bytes), { store });
    expect(await archives.get("default", "sha256", sums.sha256, never())).toMatchObject({ source: "upstream" });
  });
});

describe("archive answers", () => {
  const missing = `opam/default/cache/md5/00/${"0".repeat(32)}`;
  test("need no snapshot", async () => {
    const { archives } = archivesWith(() => new Response(bytes));
    const response = await fakeHandler({ archives }).get(`opam/default/cache/md5/${sums.md5.slice(0, 2)}/${sums.md5}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("etag")).toBe(`"${sums.sha256}"`);
    expect(sha("md5", await response.bytes())).toBe(sums.md5);
  });

  test("of the gateway are remembered when there are none", async () => {
    const { archives, asked } = archivesWith(() => new Response(null, { status: 404 }));
    const gateway = fakeHandler({ archives, host: "gateway" });
    expect((await gateway.get(missing)).status).toBe(404);
    expect((await gateway.get(missing)).status).toBe(404);
    expect(asked).toHaveLength(1);
    const worker = fakeHandler({ archives });
    expect((await worker.get(missing)).status).toBe(502);
    expect((await worker.get(missing)).status).toBe(502);
    expect(asked).toHaveLength(3);
  });

  test("end at their deadline, and abort what is going on", async () => {
    let aborted = false;
    const { archives } = archivesWith(
      (_, signal) =>
        new Promise(() =>
          signal.addEventListener("abort", () => {
            aborted = true;
          }),
        ),
    );
    const response = await fakeHandler({ archives, deadlines: { archive: 50 } }).get(missing);
    expect(response.status).toBe(502);
    expect(aborted).toBe(true);
  });
});

describe("upstream through the gateway", () => {
  test("encodes the path, and has null for everything but 200", async () => {
    const asked: string[] = [];
    const answers = [
      () => new Response("ok"),
      () => new Response(null, { status: 404 }),
      () => Promise.reject(new TypeError("offline")),
    ];
    const upstream = new GatewayUpstream(base, async (input) => {
      asked.push(String(input));
      return answers.shift()!();
    });
    expect(await (await upstream.fetch("default", "packages/a b/c%d", never()))?.text()).toBe("ok");
    expect(asked).toEqual([`${base}gateway/upstream/default/packages/a%20b/c%25d`]);
    expect(await upstream.fetch("default", "repo", never())).toBeNull();
    expect(await upstream.fetch("default", "repo", never())).toBeNull();
  });
});
