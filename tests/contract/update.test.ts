import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory.ts";
import { git, tryGit } from "../fixtures/git-command.ts";
import { lsTree } from "../fixtures/git-oracle.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";

let remote: MovingRemote;

beforeAll(async () => {
  remote = await movingRemote({ versions: 400, commits: 24, seed: "update" });
});

afterAll(() => remote[Symbol.asyncDispose]());

/** Every file that the mirror serves, by its own account and by Git's. */
async function expectServes(mirror: NodeMirror, commit: string): Promise<void> {
  const snapshot = (await mirror.snapshots.current("default"))!;
  expect(snapshot.record.commit).toBe(commit);
  const expected = [...(await lsTree(remote.gitDir, commit))].filter(([path]) =>
    /^(packages\/|repo$|version$)/.test(path),
  );
  const served = new Map<string, string>();
  await snapshot.visit("", nodeSlice(), (path, bytes) => {
    const oid = snapshot.oid(path)!;
    served.set(path, oid);
    expect(createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex")).toBe(oid);
  });
  expect(served.size).toBe(expected.length);
  for (const [path, { oid }] of expected) expect(served.get(path), path).toBe(oid);
}

/** The one pack is what Git calls a pack, whole and strict, and not much larger than what a fresh clone stores. */
async function expectAsGitPacks(mirror: NodeMirror, commit: string): Promise<void> {
  const { record } = (await mirror.snapshots.current("default"))!;
  const stored = (await mirror.store.pack(record.packs[0]!))!;
  const own = await mkdtemp(join(remote.folder, "own-"));
  await git(["init", "-q", "--bare", own]);
  await writeFile(join(own, "shallow"), `${commit}\n`);
  const base = join(own, `objects/pack/pack-${stored.key}`);
  await writeFile(`${base}.pack`, await stored.read(0, stored.size));
  await git(["-C", own, "index-pack", "--strict", `${base}.pack`]);
  expect(Buffer.compare(await readFile(`${base}.idx`), await stored.idx())).toBe(0);
  await git(["-C", own, "update-ref", "refs/heads/master", commit]);
  const { status, stdout, stderr } = await tryGit(["-C", own, "fsck", "--full", "--strict", "--unreachable"]);
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: "" });
}

/** Bytes of the packs that the served snapshot names, and of the one that a fresh clone gets. */
async function packBytes(mirror: NodeMirror): Promise<{ readonly stored: number; readonly fresh: number }> {
  const { record } = (await mirror.snapshots.current("default"))!;
  let stored = 0;
  for (const key of record.packs) stored += (await mirror.store.pack(key))!.size;
  const clone = await mkdtemp(join(remote.folder, "fresh-"));
  await git(["clone", "-q", "--bare", "--depth", "1", `file://${remote.gitDir}`, clone]);
  const packs = join(clone, "objects/pack");
  const pack = (await readdir(packs)).find((name) => name.endsWith(".pack"))!;
  return { stored, fresh: (await stat(join(packs, pack))).size };
}

/** Package versions that differ, by Git's account of the opam files, and of other files beside one. */
async function versionChanges(
  before: string,
  after: string,
): Promise<Record<string, { total: number; names: string[] }>> {
  const opamFiles = async (commit: string) =>
    new Set([...(await lsTree(remote.gitDir, commit)).keys()].filter((path) => /^packages\/.*\/opam$/.test(path)));
  const [then, now] = [await opamFiles(before), await opamFiles(after)];
  const differing = (
    await git(["-C", remote.gitDir, "diff", "--no-renames", "--name-only", before, after, "--", "packages"])
  )
    .split("\n")
    .map((path) => /^(.*\/([^/]+\.[^/]+))\/(opam|files\/.*)$/.exec(path))
    .flatMap((match) => (match === null ? [] : [{ opam: `${match[1]}/opam`, name: match[2]! }]));
  const list = (wanted: boolean, was: boolean) => {
    const names = differing.filter(({ opam }) => now.has(opam) === wanted && then.has(opam) === was);
    const distinct = [...new Set(names.map(({ name }) => name))];
    return { total: distinct.length, names: distinct };
  };
  return { added: list(true, false), changed: list(true, true), removed: list(false, true) };
}

describe("updates", () => {
  it("follow the remote commit by commit with thin packs, compacted between", async () => {
    await remote.follow(remote.source.commits[0]!);
    const mirror = await openNodeMirror({ remote: remote.url });
    const first = await mirror.sync();
    expect(first.lastSync?.error).toBeNull();
    await expectServes(mirror, remote.source.commits[0]!);
    const packs: number[] = [];
    const commits: string[] = [];
    for (const commit of remote.source.commits.slice(1)) {
      const before = (await mirror.snapshots.current("default"))!.record.commit;
      await remote.follow(commit);
      const status = await mirror.sync();
      expect(status.lastSync?.error).toBeNull();
      packs.push((await mirror.snapshots.current("default"))!.record.packs.length);
      await expectServes(mirror, commit);
      await mirror.engine.rest("default");
      const after = (await mirror.snapshots.current("default"))!.record;
      await expectServes(mirror, commit);
      const { stored, fresh } = await packBytes(mirror);
      expect(stored).toBeLessThanOrEqual(1.3 * fresh);
      if (after.packs.length === 1) {
        await expectAsGitPacks(mirror, commit);
        expect(stored).toBeLessThanOrEqual(1.1 * fresh);
      }
      const changed = (
        await git(["-C", remote.gitDir, "diff", "--name-only", before, commit, "--", "packages", "repo", "version"])
      )
        .trim()
        .split("\n");
      expect(status.lastSync?.changedFiles).toBe(changed.filter((line) => line !== "").length);
      const { updates } = (await mirror.snapshots.current("default"))!.record;
      expect(updates[0]).toMatchObject({ before, commit, ...(await versionChanges(before, commit)) });
      commits.unshift(commit);
      expect(updates.map((update) => update.commit)).toEqual(commits.slice(0, 20));
      const { packages, versions } = await remote.source.count(commit);
      expect({ packages: status.packages, versions: status.versions }).toEqual({ packages, versions });
    }
    // Every update but the first adds a pack to one or more; none fetched everything again.
    expect(Math.min(...packs)).toBe(2);
    expect(Math.max(...packs)).toBeLessThanOrEqual(11);
    expect(packs.filter((count) => count === 2).length).toBeGreaterThan(1);
    await mirror.close();
  }, 90_000);

  it("receive a small part of the first sync's bytes", async () => {
    await remote.follow(remote.source.commits[0]!);
    const mirror = await openNodeMirror({ remote: remote.url });
    const first = (await mirror.sync()).progress.bytes;
    await remote.follow(remote.source.commits[1]!);
    expect((await mirror.sync()).progress.bytes).toBeLessThan(first / 8);
    await mirror.close();
  });

  it("show a branch that was forced back, and take it when that is accepted", async () => {
    const mirror = await openNodeMirror({ remote: remote.url });
    await remote.follow(remote.source.commits[5]!);
    await mirror.sync();
    const { id } = (await mirror.snapshots.current("default"))!.record;
    await remote.follow(remote.source.commits[2]!);
    const shown = await mirror.sync();
    expect(shown).toMatchObject({ state: "error", commit: remote.source.commits[5], lastSync: { changedFiles: 0 } });
    expect(shown.lastSync?.error).toMatchObject({
      code: "remote-older",
      data: { commit: remote.source.commits[2], servedCommit: remote.source.commits[5] },
    });
    expect((await mirror.snapshots.current("default"))!.record.id).toBe(id);
    // Asked again, it is not fetched again.
    remote.server.set(null);
    expect((await mirror.sync()).lastSync?.error).toEqual(shown.lastSync?.error);
    expect(remote.server.requests.some(({ where }) => where === "fetch")).toBe(false);
    // An older one yet is another question.
    await remote.follow(remote.source.commits[1]!);
    expect((await mirror.sync()).lastSync?.error?.data).toMatchObject({ commit: remote.source.commits[1] });
    await expectServes(mirror, remote.source.commits[5]!);
    const taken = await mirror.sync({ acceptOlder: true });
    expect(taken).toMatchObject({ state: "ready", commit: remote.source.commits[1], lastSync: { error: null } });
    await expectServes(mirror, remote.source.commits[1]!);
    // What was accepted once is not for ever.
    await remote.follow(remote.source.commits[0]!);
    expect((await mirror.sync()).lastSync?.error?.code).toBe("remote-older");
    await mirror.close();
  });

  it("follow another remote, and another branch that is asked for, however old", async () => {
    const mirror = await openNodeMirror({ remote: remote.url, branch: "master" });
    await remote.follow(remote.source.commits[5]!);
    await mirror.sync();
    await git(["-C", remote.gitDir, "update-ref", "refs/heads/other", remote.source.commits[2]!]);
    const { config } = (await mirror.store.repository("default"))!;
    const again = await openNodeMirror({ remote: config.remote, branch: "other", store: mirror.store });
    expect((await again.sync()).lastSync?.error).toBeNull();
    await expectServes(again, remote.source.commits[2]!);
    await git(["-C", remote.gitDir, "update-ref", "refs/heads/other", remote.source.commits[1]!]);
    expect((await again.sync()).lastSync?.error?.code).toBe("remote-older");
    await again.close();
  });

  it("follow what a wrong clock dated: a child of what is served, and anything after a date in the future", async () => {
    const mirror = await openNodeMirror({ remote: remote.url });
    const commitAt = async (date: string, parent: string | null, of: number) => {
      const tree = (await git(["-C", remote.gitDir, "rev-parse", `${remote.source.commits[of]!}^{tree}`])).trim();
      const who = {
        GIT_AUTHOR_NAME: "A",
        GIT_AUTHOR_EMAIL: "a@b",
        GIT_COMMITTER_NAME: "A",
        GIT_COMMITTER_EMAIL: "a@b",
      };
      const env = { ...who, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
      const parents = parent === null ? [] : ["-p", parent];
      return (await git(["-C", remote.gitDir, "commit-tree", tree, ...parents, "-m", date], { env })).trim();
    };
    const year = new Date().getUTCFullYear();
    const future = await commitAt(`${year + 50}-01-01T00:00:00Z`, null, 3);
    const child = await commitAt("1999-01-01T00:00:00Z", future, 4);
    const now = await commitAt(new Date().toISOString(), null, 5);
    const later = await commitAt(new Date(Date.now() + 600_000).toISOString(), null, 6);
    for (const commit of [future, child, now, future, later]) {
      await remote.follow(commit);
      expect((await mirror.sync()).lastSync?.error, commit).toBeNull();
      await expectServes(mirror, commit);
    }
    await mirror.close();
  });

  it("follow a branch that was forced forward, and to another history", async () => {
    const mirror = await openNodeMirror({ remote: remote.url });
    for (const commit of [remote.source.commits[2]!, remote.source.commits[9]!, remote.source.commits[9]!]) {
      await remote.follow(commit);
      expect((await mirror.sync()).lastSync?.error).toBeNull();
      await expectServes(mirror, commit);
    }
    const tree = (await git(["-C", remote.gitDir, "rev-parse", `${remote.source.commits[3]!}^{tree}`])).trim();
    const env = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@b" };
    // The history of the fixture ends in 2025.
    const date = { GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z" };
    const orphan = (
      await git(["-C", remote.gitDir, "commit-tree", tree, "-m", "another history"], { env: { ...env, ...date } })
    ).trim();
    await remote.follow(orphan);
    expect((await mirror.sync()).lastSync?.error).toBeNull();
    await expectServes(mirror, orphan);
    await mirror.close();
  });

  it("change nothing when the remote has nothing new", async () => {
    await remote.follow(remote.source.commits[1]!);
    const mirror = await openNodeMirror({ remote: remote.url });
    await mirror.sync();
    const id = (await mirror.snapshots.current("default"))!.record.id;
    remote.server.set(null);
    const status = await mirror.sync();
    expect(status.lastSync).toMatchObject({ changedFiles: 0, error: null });
    expect((await mirror.snapshots.current("default"))!.record.id).toBe(id);
    expect(remote.server.requests.every(({ where }) => where !== "fetch")).toBe(true);
    await mirror.close();
  });

  it("bring what was pushed before they were ordered, also while another one runs", async () => {
    const commits = remote.source.commits.slice(4, 10);
    const asked: string[] = [];
    let answered: (command: string) => Promise<void> = async () => undefined;
    const mirror = await openNodeMirror({
      remote: remote.url,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const sent = await new Response(init?.body ?? null).text();
        const command = ["ls-refs", "fetch"].find((name) => sent.includes(`command=${name}`));
        if (command === undefined) return response;
        asked.push(command);
        await answered(command);
        return response;
      },
    });
    for (const [during, orders] of [
      ["ls-refs", 1],
      ["fetch", 1],
      ["fetch", 3],
    ] as const) {
      const [before, commit] = commits.splice(0, 2) as [string, string];
      await remote.follow(before);
      answered = async (command) => {
        if (command !== during) return;
        answered = async () => undefined;
        await remote.follow(commit);
        for (let order = 0; order < orders; order++) expect(await mirror.engine.update("default")).toBe("running");
      };
      asked.length = 0;
      expect(await mirror.sync()).toMatchObject({ commit, state: "ready" });
      // However many there were, one sync more stands for them all.
      expect(asked).toEqual(["ls-refs", "fetch", "ls-refs", "fetch"]);
      await expectServes(mirror, commit);
    }
    // An order that comes before the remote is asked needs no other sync.
    asked.length = 0;
    expect(await mirror.engine.update("default")).toBe("started");
    expect(await mirror.engine.update("default")).toBe("running");
    await mirror.engine.rest("default");
    expect(asked).toEqual(["ls-refs"]);
    await mirror.close();
  });

  it("say what is served also when another engine has published it meanwhile", async () => {
    const [first, second] = remote.source.commits;
    await remote.follow(first!);
    const store = createMemoryStore();
    const early = await openNodeMirror({ remote: remote.url, store });
    const other = await openNodeMirror({ remote: remote.url, store });
    for (const commit of [first!, second!]) {
      await remote.follow(commit);
      const { packages, versions } = await other.sync();
      expect(versions).toBeGreaterThan(0);
      // For this one there is nothing new.
      expect(await early.sync()).toMatchObject({ state: "ready", commit, packages, versions });
    }
    await early.close();
    await other.close();
  });
});
