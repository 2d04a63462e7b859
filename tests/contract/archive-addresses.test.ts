import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { ArchiveCatalog } from "../../src/serve/archive-catalog.ts";
import { ArchiveIndexes } from "../../src/serve/archive-indexes.ts";
import { createHandler, type Handler } from "../../src/serve/handler.ts";
import { ServedArchives } from "../../src/serve/served-archives.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import { fastImport, initBare } from "../fixtures/fast-import.ts";
import { type HostileServer, startHostileServer } from "../support/forge/hostile-replies.ts";
import { temporaryFolder } from "../support/gateway.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";

const base = "https://mirror.example/demo/";
const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");
const sums = (text: string, ...algorithms: string[]) =>
  `[${algorithms.map((algorithm) => `"${algorithm}=${digest(algorithm, text)}"`).join(" ")}]`;
const opam = (section: string) => `opam-version: "2.0"\n${section}\n`;
const packages: Record<string, string> = {
  "a.1": opam(
    `url { src: "https://src.example/a%7e1.tgz?x#y" mirrors: ["http://plain.example/a"] checksum: ${sums("a", "md5", "sha256")} }`,
  ),
  // The same archive, of which less is listed.
  "a.2": opam(`url { src: "https://src.example/a~1.tgz?x" checksum: ${sums("a", "md5")} }`),
  "b.1": opam(`url { src: "https://src.example/re-released.tgz" checksum: ${sums("b1", "sha256")} }`),
  "b.2": opam(`url { src: "https://src.example/re-released.tgz" checksum: ${sums("b2", "sha256")} }`),
  "c.1": opam(`url { src: "https://src.example/unchecked.tgz" }`),
  "d.1": opam(`extra-source "p" { src: "https://src.example/p" checksum: ${sums("p", "sha512")} }`),
  "e.1": opam(`url { src: "git+https://src.example/e.git" }`),
};
const bytesBySha256 = new Map(["a", "p", "b1", "b2"].map((text) => [digest("sha256", text), text]));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: HostileServer;
let mirror: NodeMirror;
const contents = new MemoryContents();
const passed: string[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  const gitDir = folder.at("r.git");
  await initBare(gitDir, "master");
  const changes = [
    { path: "repo", text: opam("") },
    ...Object.entries(packages).map(([name, text]) => ({ path: `packages/${name.split(".")[0]}/${name}/opam`, text })),
  ];
  await fastImport(gitDir, [{ ref: "refs/heads/master", message: "m", date: 1_700_000_000, changes }]);
  server = await startHostileServer(gitDir);
  mirror = await openNodeMirror({ remote: server.url, store: createMemoryStore(contents) });
  expect((await mirror.sync()).lastSync?.error).toBeNull();
});

afterAll(async () => {
  await mirror?.close();
  await server?.close();
  await folder?.[Symbol.asyncDispose]();
});

/** As a service worker that has just started. */
function started(): Handler {
  const store = createMemoryStore(contents);
  const snapshots = new SnapshotReader(store);
  const openSnapshot = (name: string) => snapshots.current(name);
  const indexes = new ArchiveIndexes(store);
  const catalog = new ArchiveCatalog({ store, indexes, openSnapshot, slice: nodeSlice });
  const shared = { base, store, catalog, clock: systemClock, slice: nodeSlice };
  return createHandler({
    ...shared,
    indexes,
    openSnapshot,
    version: "0",
    host: "service-worker",
    live: null,
    upstream: null,
    startUpdate: async () => undefined,
    engineStatus: async () => null,
    passThrough: async ({ url }) => {
      passed.push(url);
      return new Response("passed");
    },
    archives: new ServedArchives({
      ...shared,
      archiveBytes: 1000,
      fetch: async (input) => {
        const [algorithm = "", hex = ""] = String(input).split("/").slice(-2);
        const text = [...bytesBySha256.values()].find((one) => digest(algorithm, one) === hex);
        return text === undefined ? new Response(null, { status: 404 }) : new Response(text);
      },
    }),
  });
}

const script = { method: "GET", destination: "" };
const kind = (handler: Handler, url: string, of: Partial<typeof script> = {}) =>
  handler.matches(new URL(url), { ...script, ...of })?.kind ?? null;
const named = [
  "https://src.example/a~1.tgz?x",
  "https://SRC.example:443/./a%7E1.tgz?x#z",
  "http://plain.example/a",
  "https://src.example/p",
  "https://src.example/re-released.tgz",
  "https://src.example/unchecked.tgz",
];

describe("addresses that opam files name", () => {
  it("are ours, and nothing else is, as soon as the index is read", async () => {
    const handler = started();
    await handler.refresh();
    for (const url of named) {
      expect(kind(handler, url), url).toBe("source");
      expect(kind(handler, url, { method: "HEAD" })).toBe("source");
      for (const method of ["POST", "PUT", "OPTIONS"]) expect(kind(handler, url, { method })).toBeNull();
      // Another's script or picture is never replaced by what an opam file says of its address.
      for (const destination of ["script", "style", "image", "worker", "document"])
        expect(kind(handler, url, { destination })).toBeNull();
      expect(handler.matches(new URL(url))).toBeNull();
    }
    const others = ["git+https://src.example/e.git", "https://src.example/a~1.tgz", "https://src.example/P", "data:,x"];
    for (let i = 0; i < 10_000; i++)
      others.push(`https://host-${i % 97}.example/${i.toString(36)}/v${i}.tar.gz?q=${i}`);
    expect(others.filter((url) => kind(handler, url) !== null)).toEqual([]);
  });

  it("are decided at once before it is read, too: what a script fetches elsewhere is looked at, and passed on", async () => {
    const handler = started();
    expect(kind(handler, "https://else.example/picture.png", { destination: "image" })).toBeNull();
    expect(kind(handler, `${base}index.js`)).toBeNull();
    for (const url of [named[0]!, "https://else.example/data.json"]) expect(kind(handler, url)).toBe("undecided");
    const answers = await Promise.all(
      [named[0]!, "https://else.example/data.json"].map(async (url) => (await handler(new Request(url))).text()),
    );
    expect(answers).toEqual(["a", "passed"]);
    expect(passed).toEqual(["https://else.example/data.json"]);
    expect(kind(handler, "https://else.example/data.json")).toBeNull();
  });

  it("give what is listed, by all that is listed", async () => {
    const handler = started();
    await handler.refresh();
    for (const url of named.slice(0, 3)) {
      const response = await handler(new Request(url));
      expect([response.status, response.headers.get("etag")]).toEqual([200, `"${digest("sha256", "a")}"`]);
      expect(await response.text()).toBe("a");
    }
    expect(await (await handler(new Request(named[3]!))).text()).toBe("p");
  });

  it("with different checksums are refused, and those with none", async () => {
    const handler = started();
    await handler.refresh();
    const conflict = await handler(new Request(named[4]!));
    expect(conflict.status).toBe(502);
    expect(await conflict.json()).toMatchObject({ code: "archive-unavailable" });
    const unchecked = await handler(new Request(named[5]!));
    expect(unchecked.status).toBe(403);
    expect(await unchecked.json()).toMatchObject({ code: "forbidden" });
  });

  it("can be asked for below the base, where a page may not ask them itself", async () => {
    const handler = started();
    const ask = (url: string) =>
      handler(new Request(`${base}opam/default/archive?url=${encodeURIComponent(url)}`, { method: "GET" }));
    expect(await (await ask("http://plain.example/a")).text()).toBe("a");
    expect((await ask("http://plain.example/b")).status).toBe(404);
    expect((await ask("nonsense")).status).toBe(404);
    expect((await ask(named[5]!)).status).toBe(403);
  });
});
