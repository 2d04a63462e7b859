import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { ServedArchives } from "../../src/serve/served-archives.ts";
import { fakeHandler, fakeStore, sha, testSlice } from "../support/fake-snapshot.ts";

const base = "http://mirror.example/demo/";
const size = 10_000_000;
const bytes = new Uint8Array(size);
for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 9)) & 255;
const sums = { md5: sha("md5", bytes), sha256: sha("sha256", bytes) };
const url = `opam/default/cache/sha256/${sums.sha256.slice(0, 2)}/${sums.sha256}`;
const byMd5 = `opam/default/cache/md5/${sums.md5.slice(0, 2)}/${sums.md5}`;

/** A source that sends what it is told to send, when it is told to. */
function heldSource() {
  let sent!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      sent = controller;
    },
  });
  return {
    body,
    send: (part: Uint8Array) => sent.enqueue(part),
    end: () => sent.close(),
    cut: () => sent.error(new Error("reset")),
  };
}

function mirror(answer: () => Response, store = fakeStore()) {
  let downloads = 0;
  const archives = new ServedArchives({
    base,
    catalog: null,
    fetch: async () => {
      downloads++;
      return answer();
    },
    store,
    clock: systemClock,
    slice: () => testSlice(),
    archiveBytes: 20_000_000,
  });
  const { get } = fakeHandler({ archives, store });
  return { archives, store, get, downloads: () => downloads };
}

/** Reads until `wanted` bytes are there or the body ends. */
async function readUpTo(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let total = 0; total < wanted; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    total += value.length;
  }
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

describe("a large archive", () => {
  test("is answered while it arrives, to all who ask, and its last byte waits for the checksums", async () => {
    const source = heldSource();
    const { get, downloads, store } = mirror(() => new Response(source.body));
    const asked = [get(url), get(url)];
    for (let at = 0; at < size; at += 65_536) source.send(bytes.subarray(at, at + 65_536));
    const responses = await Promise.all(asked);
    const readers = responses.map((response) => response.body!.getReader());
    const begun = await Promise.all(readers.map((reader) => readUpTo(reader, size - 1)));
    for (const part of begun) expect(part.length).toBe(size - 1);
    expect(responses[0]!.headers.get("etag")).toBe(`"${sums.sha256}"`);
    expect(store.archives.size).toBe(0);
    source.end();
    for (const [i, reader] of readers.entries()) {
      const last = await readUpTo(reader, 10);
      expect(sha("sha256", Buffer.concat([begun[i]!, last]))).toBe(sums.sha256);
    }
    expect(downloads()).toBe(1);
    expect(store.archives.get(sums.sha256)?.record.size).toBe(size);
  });

  test.each([
    ["wrong in its last byte", (part: Uint8Array) => part.with(part.length - 1, 1 ^ part.at(-1)!)],
    ["one byte short", (part: Uint8Array) => part.subarray(0, -1)],
    ["one byte long", (part: Uint8Array) => new Uint8Array([...part, 0])],
  ])("that is %s never ends well, and is not stored", async (_, change) => {
    const changed = change(bytes);
    const { get, store } = mirror(() => new Response(changed as Uint8Array<ArrayBuffer>));
    const response = await get(url);
    expect(response.status).toBe(200);
    await expect(response.bytes()).rejects.toMatchObject({ code: "archive-mismatch" });
    expect(store.archives.size).toBe(0);
  });

  test("that breaks off never ends well; the next request begins anew", async () => {
    const broken = heldSource();
    const answers = [() => new Response(broken.body), () => new Response(bytes)];
    const { get } = mirror(() => answers.shift()!());
    const first = get(url);
    broken.send(bytes.subarray(0, 9_000_000));
    const response = await first;
    broken.cut();
    await expect(response.bytes()).rejects.toMatchObject({ code: "archive-unavailable" });
    expect(sha("sha256", await (await get(url)).bytes())).toBe(sums.sha256);
  });

  test("is not read back from the store by who follows it, and goes on without who does not", async () => {
    const source = heldSource();
    const store = fakeStore();
    const open = store.archiveWriter.bind(store);
    let readBack = 0;
    const counting = Object.assign(store, {
      archiveWriter: () => {
        const writer = open();
        return {
          get size() {
            return writer.size;
          },
          write: (part: Uint8Array) => writer.write(part),
          read: (offset: number, length: number, into?: Uint8Array<ArrayBuffer>) => {
            readBack++;
            return writer.read(offset, length, into);
          },
          commit: (record: Parameters<typeof writer.commit>[0]) => writer.commit(record),
          abort: () => writer.abort(),
        };
      },
    });
    const { get } = mirror(() => new Response(source.body), counting);
    const [following, asleep] = [get(url), get(url)];
    for (let at = 0; at < 9_000_000; at += 65_536) source.send(bytes.subarray(at, Math.min(9_000_000, at + 65_536)));
    const reader = (await following).body!.getReader();
    const begun = await readUpTo(reader, 8_900_000);
    const before = readBack;
    for (let at = 9_000_000; at < size; at += 65_536) source.send(bytes.subarray(at, at + 65_536));
    source.end();
    const rest = await readUpTo(reader, size - begun.length);
    expect(sha("sha256", Buffer.concat([begun, rest]))).toBe(sums.sha256);
    expect(readBack).toBe(before);
    // Whoever slept so long has to have it read for him.
    const slept = await readUpTo((await asleep).body!.getReader(), size);
    expect(sha("sha256", slept)).toBe(sums.sha256);
    expect(readBack).toBeGreaterThan(before);
  });

  test("is not waited for when everybody has left", async () => {
    const source = heldSource();
    const { get, archives } = mirror(() => new Response(source.body));
    const asked = get(byMd5);
    source.send(bytes.subarray(0, 9_000_000));
    const response = await asked;
    expect(response.headers.has("etag")).toBe(false);
    expect(archives.report().active).toEqual([`md5=${sums.md5}`]);
    await response.body!.cancel();
    expect(archives.report().active).toEqual([]);
  });

  test("is whole before conditions, ranges and HEAD are answered", async () => {
    const { get } = mirror(() => new Response(bytes));
    const part = await get(byMd5, { headers: { range: "bytes=8999990-9000009" } });
    expect(part.status).toBe(206);
    expect(await part.bytes()).toEqual(bytes.subarray(8_999_990, 9_000_010));
    const head = await get(byMd5, { method: "HEAD" });
    expect([head.headers.get("etag"), head.headers.get("content-length")]).toEqual([`"${sums.sha256}"`, String(size)]);
    const known = await get(byMd5, { headers: { "if-none-match": `"${sums.sha256}"` } });
    expect(known.status).toBe(304);
  });

  test("of the store is hashed before its first byte goes out, and every piece again as it does", async () => {
    const { get, store, downloads } = mirror(() => new Response(bytes));
    await (await get(url)).bytes();
    expect(sha("sha256", await (await get(url)).bytes())).toBe(sums.sha256);
    expect(await (await get(url, { headers: { range: "bytes=-5" } })).bytes()).toEqual(bytes.subarray(-5));
    expect(downloads()).toBe(1);
    const stored = store.archives.get(sums.sha256)!;
    const damaged = { ...stored, pieces: stored.pieces.with(3, stored.pieces[3]!.with(7, 1 ^ stored.pieces[3]![7]!)) };
    store.archives.set(sums.sha256, damaged);
    // It was good when it was looked at last: the piece that has changed since is found as it is read.
    await expect((await get(url)).bytes()).rejects.toMatchObject({ code: "store-lost" });
    expect(sha("sha256", await (await get(url)).bytes())).toBe(sums.sha256);
    expect(downloads()).toBe(2);
    expect(sha("sha256", await (await get(url)).bytes())).toBe(sums.sha256);
    expect(downloads()).toBe(2);
  });

  test("for which the store has no room is answered all the same, and not kept", async () => {
    const store = fakeStore();
    const { archiveWriter } = store;
    let writes = 0;
    store.archiveWriter = () => {
      const writer = archiveWriter();
      return {
        get size() {
          return writer.size;
        },
        read: (...args) => writer.read(...args),
        abort: () => writer.abort(),
        commit: (record) => writer.commit(record),
        write: async (part) => {
          if (++writes > 20) throw new Error("quota");
          await writer.write(part);
        },
      };
    };
    const { get } = mirror(() => {
      const source = heldSource();
      for (let at = 0; at < size; at += 65_536) source.send(bytes.subarray(at, at + 65_536));
      source.end();
      return new Response(source.body);
    }, store);
    expect(sha("sha256", await (await get(url)).bytes())).toBe(sums.sha256);
    expect(store.archives.size).toBe(0);
  });
});
