import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import type { ArchiveProblemsAnswer } from "../../src/protocol/archive-problems.ts";
import type { Status } from "../../src/protocol/status.ts";
import { ArchiveCatalog } from "../../src/serve/archive-catalog.ts";
import { ServedArchives } from "../../src/serve/served-archives.ts";
import { fastImport, initBare } from "../fixtures/fast-import.ts";
import { git } from "../fixtures/git-command.ts";
import { eventually } from "../support/eventually.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";

const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");
const sum = (algorithm: string, text: string) => `"${algorithm}=${digest(algorithm, text)}"`;
const opam = (...files: string[]) => `opam-version: "2.0"\nextra-files: [${files.join(" ")}]\n`;

const deep = "a patch in a folder\n".repeat(5_000);
const first: Record<string, string> = {
  "a/a.1/opam": opam(
    `["good.patch" ${sum("md5", "good")} ${sum("sha256", "good")}]`,
    `["sub/deep.patch" ${sum("sha512", deep)}]`,
  ),
  "a/a.1/files/good.patch": "good",
  "a/a.1/files/sub/deep.patch": deep,
  // Half of what is listed is true.
  "a/a.2/opam": opam(
    `["x" ${sum("md5", "changed")} ${sum("sha256", "something else")}]`,
    `["gone" ${sum("md5", "-")} ${sum("sha256", "-")}]`,
  ),
  "a/a.2/files/x": "changed",
  "a/a.3/opam": opam(`["../a.1/files/good.patch" ${sum("sha512", "good")}]`),
  // The old form: one pair, a bare md5.
  "b/b.1/opam": opam('"only"', `"${digest("md5", "only")}"`),
  "b/b.1/files/only": "only",
};
/** No opam file changes. */
const withoutOne = Object.entries(first).filter(([path]) => path !== "b/b.1/files/only");
const second = { ...Object.fromEntries(withoutOne), "a/a.2/files/gone": "-" };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;
let mirror: NodeMirror;

const commit = (ref: string, date: number, files: Record<string, string>) => ({
  ...{ ref, date, message: "m", orphan: true },
  changes: [
    { path: "repo", text: 'opam-version: "2.0"\n' },
    ...Object.entries(files).map(([path, text]) => ({ path: `packages/${path}`, text })),
  ],
});
const follow = (name: string) => git(["update-ref", "refs/heads/served", name], { gitDir: folder.at("r.git") });

beforeAll(async () => {
  folder = await temporaryFolder();
  await initBare(folder.at("r.git"), "served");
  await fastImport(folder.at("r.git"), [
    commit("refs/heads/first", 1_700_000_000, first),
    commit("refs/heads/second", 1_700_000_100, second),
  ]);
  await follow("refs/heads/first");
  gateway = await testGateway({ repository: `${folder.at("r.git")}#served`, mirror: true, memory: true });
  mirror = await openNodeMirror({ remote: `${gateway.page}git/default`, branch: "served" });
  await mirror.sync();
  await eventually(async () => (await problems()).archives !== null);
});

afterAll(async () => {
  await mirror?.close();
  await gateway?.close();
  await folder?.[Symbol.asyncDispose]();
});

const problems = async () =>
  (await (await fetch(`${gateway.page}opam/default/problems`)).json()) as ArchiveProblemsAnswer;
const ofFiles = async () =>
  (await problems()).problems.map(
    ({ kind, path, message }) => `${kind} ${path} ${message.split(/ below| sha256=/)[0]}`,
  );
const byGateway = async (algorithm: string, text: string) => {
  const hex = digest(algorithm, text);
  const answer = await fetch(`${gateway.page}opam/default/cache/${algorithm}/${hex.slice(0, 2)}/${hex}`);
  return [answer.status, answer.headers.get("x-opam-source"), answer.status === 200 ? await answer.text() : ""];
};
/** As service workers ask the gateway, for all repositories together. */
const byChecksum = async (algorithm: string, text: string) => {
  const answer = await fetch(`${gateway.page}gateway/archive/${algorithm}/${digest(algorithm, text)}`);
  return [answer.status, answer.headers.get("etag"), answer.status === 200 ? await answer.text() : ""];
};
/** As in a service worker without a network. */
const byBrowser = async (algorithm: "md5" | "sha256" | "sha512", text: string) => {
  const { store, snapshots } = mirror;
  const openSnapshot = (name: string) => snapshots.current(name);
  const archives = new ServedArchives({
    base: "http://mirror.example/",
    store,
    catalog: new ArchiveCatalog({ store, openSnapshot, slice: nodeSlice }),
    fetch: () => Promise.reject(new TypeError("offline")),
    clock: systemClock,
    slice: nodeSlice,
    archiveBytes: 1_000_000,
  });
  const archive = await archives.get("default", algorithm, digest(algorithm, text), new AbortController().signal);
  return [archive.source, archive.sha256, Buffer.from(archive.body as Uint8Array).toString()];
};

describe("files that extra-files lists", () => {
  it("are answered by their checksums from the repository itself, when all that is listed matches", async () => {
    for (const [algorithm, text] of [
      ["md5", "good"],
      ["sha256", "good"],
      ["sha512", deep],
      ["md5", "only"],
    ] as const) {
      expect(await byGateway(algorithm, text)).toEqual([200, "snapshot", text]);
      expect(await byBrowser(algorithm, text)).toEqual(["snapshot", digest("sha256", text), text]);
      expect(await byChecksum(algorithm, text)).toEqual([200, `"${digest("sha256", text)}"`, text]);
    }
    for (const [algorithm, text] of [
      ["md5", "changed"],
      ["sha512", "good"],
      ["md5", "-"],
    ] as const) {
      expect(await byGateway(algorithm, text)).toEqual([404, "store", ""]);
      expect((await byChecksum(algorithm, text))[0]).toBe(404);
      await expect(byBrowser(algorithm, text)).rejects.toMatchObject({ code: "archive-unavailable" });
    }
  });

  it("are reported when they are missing or something else, also after an update that changed no opam file", async () => {
    const wrong = "extra-file packages/a/a.2/opam extra-files";
    expect(await ofFiles()).toEqual([
      `${wrong} "x": the file`,
      `${wrong} "gone": there is no such file`,
      `extra-file packages/a/a.3/opam extra-files "../a.1/files/good.patch": there is no such file`,
    ]);
    await follow("refs/heads/second");
    await fetch(`${gateway.page}opam/default/update`, { method: "POST" });
    const settled = async () => {
      const { repositories } = (await (await fetch(`${gateway.page}opam/default/status`)).json()) as Status;
      const [{ commit, state } = { commit: null, state: "" }] = repositories;
      return (
        state === "ready" && commit === (await git(["rev-parse", "second"], { gitDir: folder.at("r.git") })).trim()
      );
    };
    await eventually(settled);
    await eventually(async () => (await problems()).archives !== null);
    expect(await ofFiles()).toEqual([
      `${wrong} "x": the file`,
      `extra-file packages/a/a.3/opam extra-files "../a.1/files/good.patch": there is no such file`,
      `extra-file packages/b/b.1/opam extra-files "only": there is no such file`,
    ]);
    // By md5 there was none a moment ago.
    expect(await byGateway("sha256", "-")).toEqual([200, "snapshot", "-"]);
    expect((await byGateway("md5", "only"))[0]).toBe(404);
  });
});
