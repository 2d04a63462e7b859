import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkData } from "../../src/gateway/check.ts";
import type { Status } from "../../src/protocol/status.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { eventually } from "../support/eventually.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: OpamRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await makeOpamRepository({ versions: 300, seed: 5, commits: 3 });
});
afterAll(() => folder[Symbol.asyncDispose]());

async function statusOf(gateway: TestGateway) {
  return ((await (await fetch(`${gateway.page}opam/default/status`)).json()) as Status).repositories[0]!;
}
const ready = (gateway: TestGateway) => eventually(async () => (await statusOf(gateway)).state === "ready");

describe("hooks", () => {
  const token = "correct horse";
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({
      repository: repository.gitDir,
      mirror: true,
      memory: true,
      base: "/b/",
      hook: { path: "hooks/push", token },
    });
    await ready(gateway);
  });
  afterAll(() => gateway?.close());

  const ask = async (path: string, headers: Record<string, string> = {}, method = "POST", body?: string) => {
    const before = (await statusOf(gateway)).lastSync?.startedAt;
    const answer = await fetch(gateway.page + path, { method, headers, ...(body === undefined ? {} : { body }) });
    await ready(gateway);
    return { status: answer.status, synced: (await statusOf(gateway)).lastSync?.startedAt !== before, answer };
  };

  test.each(["hooks/push", "opam/default/update"])("%s needs the token", async (path) => {
    for (const headers of [{}, { authorization: "Bearer wrong" }, { "x-gitlab-token": "" }, { authorization: token }]) {
      const { status, synced, answer } = await ask(path, headers);
      expect([status, synced]).toEqual([403, false]);
      expect(await answer.json()).toMatchObject({ code: "forbidden" });
      expect(answer.headers.get("content-security-policy")).toBe("sandbox");
    }
    expect(await ask(path, { authorization: `Bearer ${token}` })).toMatchObject({ status: 202, synced: true });
    expect(await ask(path, { "x-gitlab-token": token }, "GET")).toMatchObject({ status: 202, synced: true });
  });

  test.each(["x-hub-signature-256", "x-gitea-signature"])("a web hook signed with it, %s", async (header) => {
    const body = JSON.stringify({ ref: "refs/heads/master" });
    const sign = (key: string) => {
      const hex = createHmac("sha256", key).update(body).digest("hex");
      return header === "x-hub-signature-256" ? `sha256=${hex}` : hex;
    };
    expect(await ask("hooks/push", { [header]: sign(token) }, "POST", body)).toMatchObject({
      status: 202,
      synced: true,
    });
    expect(await ask("hooks/push", { [header]: sign("other") }, "POST", body)).toMatchObject({ status: 403 });
    expect(await ask("hooks/push", { [header]: sign(token) }, "POST", `${body} `)).toMatchObject({ status: 403 });
    const huge = "x".repeat(2 << 20);
    const signed = `sha256=${createHmac("sha256", token).update(huge).digest("hex")}`;
    expect(await ask("hooks/push", { "x-hub-signature-256": signed }, "POST", huge)).toMatchObject({ status: 403 });
  });

  test("other methods", async () => {
    expect((await fetch(`${gateway.page}hooks/push`, { method: "DELETE" })).status).toBe(405);
    expect((await fetch(`${gateway.page}opam/default/update`, { method: "HEAD" })).status).toBe(202);
    expect((await fetch(`${gateway.url}/hooks/push`, { method: "POST" })).status).toBe(404);
  });
});

test("archive mirrors are named behind our own, alone and in index.tar.gz, also after a restart with others", async () => {
  const data = folder.at("mirrors");
  const fieldOf = (text: string) => /^archive-mirrors: .*$/m.exec(text)?.[0];
  for (const [archiveMirrors, expected] of [
    [[], 'archive-mirrors: ["cache"]'],
    [
      ["https://a.example/cache", "http://b.example"],
      'archive-mirrors: ["cache" "https://a.example/cache" "http://b.example"]',
    ],
    [["https://c.example"], 'archive-mirrors: ["cache" "https://c.example"]'],
  ] as const) {
    await using gateway = await testGateway({ repository: repository.gitDir, mirror: true, data, archiveMirrors });
    await ready(gateway);
    expect(fieldOf(await (await fetch(`${gateway.page}opam/default/repo`)).text())).toBe(expected);
    const index = gunzipSync(
      Buffer.from(await (await fetch(`${gateway.page}opam/default/index.tar.gz`)).arrayBuffer()),
    );
    expect(fieldOf(index.toString("latin1"))).toBe(expected);
  }
});

describe("fetching archives", () => {
  const archives = Array.from({ length: 12 }, () => randomBytes(1_000));
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const byHash = new Map(archives.map((bytes) => [sha256(bytes), bytes]));
  let running = 0;
  let most = 0;
  const server = createServer((incoming, outgoing) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      outgoing.end(byHash.get(incoming.url?.split("/").at(-1) ?? ""));
    }, 30);
  });
  let cache: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cache = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cache`;
  });
  afterAll(() => void server.close());
  const fetchAll = (gateway: TestGateway) =>
    Promise.all(
      [...byHash.keys()].map(async (hex) => {
        const answer = await fetch(`${gateway.page}opam/default/cache/sha256/${hex.slice(0, 2)}/${hex}`);
        return answer.status === 200 && sha256(new Uint8Array(await answer.arrayBuffer())) === hex;
      }),
    );

  test("no more at a time than was said", async () => {
    await using gateway = await testGateway({
      repository: repository.gitDir,
      mirror: true,
      memory: true,
      upstreamCaches: [cache],
      parallelDownloads: 3,
    });
    await ready(gateway);
    expect(await fetchAll(gateway)).not.toContain(false);
    expect(most).toBe(3);
  });

  test("none at all, but those that are here are served", async () => {
    const [bytes] = archives;
    const hex = sha256(bytes!);
    const path = folder.at(`skipping/archives/sha256/${hex.slice(0, 2)}/${hex}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes!);
    await using gateway = await testGateway({
      repository: repository.gitDir,
      mirror: true,
      data: folder.at("skipping"),
      upstreamCaches: [cache],
      skipDownload: true,
    });
    await ready(gateway);
    most = 0;
    expect((await fetchAll(gateway)).filter((right) => right)).toHaveLength(1);
    expect(most).toBe(0);
  });
});

describe("what a folder holds", () => {
  test("is ignored when the operator says so, and replaced", async () => {
    const gitDir = await copyRepository(repository.gitDir, folder.at("ignored.git"));
    const options = { repository: gitDir, mirror: true, data: folder.at("ignored") };
    const first = await testGateway(options);
    await ready(first);
    await first.close();
    const archive = randomBytes(500);
    const hex = createHash("sha256").update(archive).digest("hex");
    const path = `sha256/${hex.slice(0, 2)}/${hex}`;
    await mkdir(dirname(folder.at(`ignored/archives/${path}`)), { recursive: true });
    await writeFile(folder.at(`ignored/archives/${path}`), archive);
    const packs = await readdir(folder.at("ignored/store/packs"));
    await git(["update-ref", "refs/heads/master", repository.commits[0]!], { gitDir });
    await using second = await testGateway({ ...options, ignoreLocal: true });
    await ready(second);
    expect((await statusOf(second)).commit).toBe(repository.commits[0]);
    expect(await readdir(folder.at("ignored/store/packs"))).not.toEqual(packs);
    expect(await readdir(folder.at("ignored/store/snapshots"))).toHaveLength(1);
    // Archives are what their checksums say, whoever fetched them: they stay.
    const kept = await fetch(`${second.page}opam/default/cache/${path}`);
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(archive);
  });

  test("is checked: all of it, and what is damaged is named", async () => {
    const data = folder.at("checked");
    const gateway = await testGateway({ repository: repository.gitDir, mirror: true, data });
    await ready(gateway);
    await gateway.close();
    const archive = join(data, "archives/md5/00", "0".repeat(32));
    expect(await checkData(data)).toEqual({
      sound: [
        `default: commit ${repository.commits.at(-1)}, 300 versions`.replace("300", `${await versions()}`),
        "0 fetched archives",
      ],
      damaged: [],
    });
    await mkdir(dirname(archive), { recursive: true });
    await writeFile(archive, "something else");
    expect((await checkData(data)).damaged).toEqual([expect.stringContaining(archive)]);

    const flip = async (path: string, at: number) => {
      const bytes = await readFile(path);
      bytes[at]! ^= 1;
      await writeFile(path, bytes);
      const { damaged } = await checkData(data);
      bytes[at]! ^= 1;
      await writeFile(path, bytes);
      return damaged[0];
    };
    const [pack, idx] = ["pack", "idx"].map((ending) => join(data, "store/packs", `${packKey}.${ending}`));
    expect(await flip(pack!, 5_000)).toMatch(/^default: pack \w+ is damaged/);
    expect(await flip(pack!, 20)).toMatch(/^default: pack \w+ is damaged/);
    expect(await flip(idx!, 2_000)).toMatch(/^default: the idx of pack \w+ is damaged/);
    const inFolder = async (name: string) => join(data, "store", name, (await readdir(join(data, "store", name)))[0]!);
    const snapshot = await inFolder("snapshots");
    expect(await flip(snapshot, (await readFile(snapshot)).length - 100)).toMatch(/record of the snapshot is damaged/);
    const tarball = await inFolder("tarballs");
    expect(await flip(tarball, (await readFile(tarball)).length - 100)).toMatch(/index\.tar\.gz is damaged/);
    await truncate(snapshot, 10);
    expect((await checkData(data)).damaged[0]).toMatch(/the snapshot is gone/);
  });

  let packKey = "";
  async function versions(): Promise<number> {
    packKey = (await readdir(folder.at("checked/store/packs")))[0]!.replace(/\..*/, "");
    return (await repository.count(repository.commits.at(-1)!)).versions;
  }
});
