import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Manifest } from "../../src/core/git/manifest.ts";
import { ArchiveIndex } from "../../src/core/opam/archive-index.ts";
import { packageSources } from "../../src/core/opam/package-sources.ts";
import { opamText, parseOpam } from "../../src/core/opam/parser.ts";
import type { ArchiveProblemsAnswer } from "../../src/protocol/archive-problems.ts";
import type { Status } from "../../src/protocol/status.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { MemoryContents } from "../../src/store/memory-contents.ts";
import { git } from "../fixtures/git-command.ts";
import { fakeHandler } from "../support/fake-snapshot.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";

let remote: MovingRemote;

beforeAll(async () => {
  remote = await movingRemote({ versions: 300, commits: 8, seed: "archives" });
});

afterAll(() => remote[Symbol.asyncDispose]());

async function served(mirror: NodeMirror) {
  const snapshot = (await mirror.snapshots.current("default"))!;
  const record = (await mirror.store.archiveIndex(snapshot.record.tree))!;
  return { snapshot, record, index: new ArchiveIndex(record.tables), manifest: new Manifest(snapshot.record.manifest) };
}

/** Every URL and checksum of every opam file leads to that file, and there are no others. */
async function expectComplete(mirror: NodeMirror): Promise<number> {
  const { snapshot, index, manifest } = await served(mirror);
  const urls = new Set<string>();
  let entries = 0;
  await snapshot.visit("packages/", nodeSlice(), (path, bytes) => {
    if (!path.endsWith("/opam")) return;
    for (const { urls: named, checksums } of packageSources(parseOpam(opamText(bytes))).sources) {
      entries += named.length + checksums.length;
      for (const url of named) {
        urls.add(url);
        expect(index.filesOfUrl(url, 1000).map((rank) => manifest.path(rank))).toContain(path);
      }
      for (const checksum of checksums) {
        expect(index.filesOfChecksum(checksum, 1000).map((rank) => manifest.path(rank))).toContain(path);
      }
    }
  });
  expect(index.entries).toBe(entries);
  expect(index.archives).toBe(urls.size);
  return urls.size;
}

describe("the archive index of a mirror", () => {
  it("is complete after the first sync and after each update, and outlives compaction", async () => {
    const mirror = await openNodeMirror({ remote: remote.url });
    for (const commit of remote.source.commits) {
      await remote.follow(commit);
      const status = await mirror.sync();
      expect(status.lastSync?.error).toBeNull();
      expect(status.archives.known).toBe(await expectComplete(mirror));
      expect(status.archives.known).toBeGreaterThan(50);
    }
    await mirror.engine.rest("default");
    await expectComplete(mirror);
    await mirror.close();
  });

  it("is one and the same whether it was updated or made at once, and is made once", async () => {
    const [first, , , last] = remote.source.commits;
    await remote.follow(first!);
    const updated = await openNodeMirror({ remote: remote.url });
    await updated.sync();
    await remote.follow(last!);
    await updated.sync();
    const fresh = await openNodeMirror({ remote: remote.url });
    await fresh.sync();
    const [a, b] = [await served(updated), await served(fresh)];
    const sets = ({ index, manifest }: Awaited<ReturnType<typeof served>>) =>
      Array.from({ length: index.entries }, (_, i) => {
        const owner = index.owners[i]!;
        const columns = [...index.digests, index.sources, index.flags].map((column) => column[owner]);
        return [index.highs[i], index.lows[i], manifest.path(index.ranks[owner]!), ...columns].join(" ");
      }).sort();
    expect(sets(a)).toEqual(sets(b));
    expect(a.record.problems).toEqual(b.record.problems);
    await fresh.sync();
    expect((await served(fresh)).record).toBe(b.record);
    await updated.close();
    await fresh.close();
  });

  it("is made again when it is lost or damaged, also when the remote has nothing new", async () => {
    const contents = new MemoryContents();
    const mirror = await openNodeMirror({ remote: remote.url, store: createMemoryStore(contents) });
    await mirror.sync();
    const { record } = await served(mirror);
    contents.archiveIndexes.clear();
    await mirror.sync();
    expect((await served(mirror)).record.digest).toBe(record.digest);
    const tables = record.tables.slice(0);
    new Uint8Array(tables)[100]! ^= 1;
    contents.archiveIndexes.set(record.tree, { ...record, tables });
    await mirror.sync();
    expect(Buffer.compare(Buffer.from((await served(mirror)).record.tables), Buffer.from(record.tables))).toBe(0);
    await mirror.close();
  });

  it("is in status with what is wrong, while an engine runs and when none does", async () => {
    const work = join(remote.folder, "work");
    await git(["clone", "-q", remote.gitDir, work]);
    const write = async (name: string, text: string) => {
      const file = join(work, "packages", name.split(".")[0]!, name, "opam");
      await git(["-C", work, "config", "user.email", "a@example.org"]);
      await git(["-C", work, "config", "user.name", "A"]);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, text);
    };
    await write("broken.1", 'opam-version: "2.0"\nurl { src: ^ }');
    await write("bare.1", 'opam-version: "2.0"\nurl { src: "https://example.org/bare.tgz" }');
    await git(["-C", work, "add", "-A"]);
    await git(["-C", work, "commit", "-q", "-m", "two that are wrong"]);
    await git(["-C", work, "push", "-q", "origin", "HEAD:master"]);
    const mirror = await openNodeMirror({ remote: remote.url });
    const live = await mirror.sync();
    const broken = { path: "packages/broken/broken.1/opam", message: "line 2: a character that starts no token" };
    expect(live.parseErrors).toContainEqual(broken);
    const { snapshot } = await served(mirror);
    const { get } = fakeHandler({ store: mirror.store as never, snapshot });
    const { repositories } = (await (await get("opam/default/status")).json()) as Status;
    expect(repositories[0]?.archives.known).toBe(live.archives.known);
    expect(repositories[0]?.parseErrors).toEqual(live.parseErrors);
    const answer = (await (await get("opam/default/problems")).json()) as ArchiveProblemsAnswer;
    expect(answer).toMatchObject({ commit: live.commit, archives: live.archives.known });
    expect(answer.problems).toContainEqual({ kind: "parse", ...broken });
    expect(answer.problems).toContainEqual({
      kind: "no-checksum",
      path: "packages/bare/bare.1/opam",
      message: "url has no checksum",
    });
    const before = (await (await fakeHandler({}).get("opam/default/problems")).json()) as ArchiveProblemsAnswer;
    expect(before).toEqual({ repository: "default", commit: null, archives: null, problems: [] });
    await mirror.close();
  });
});
