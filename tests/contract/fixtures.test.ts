import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { catFileBatch, countPackages } from "../fixtures/git-oracle.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import {
  makeSpecialRepository,
  type SpecialRepositoryKind,
  specialRepositories,
} from "../fixtures/special-repository.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fixtures-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("a generated opam repository", () => {
  let repository: OpamRepository;
  beforeAll(async () => {
    repository = await makeOpamRepository({ dir, versions: 2000, seed: 5, commits: 3, branch: "trunk" });
  });

  it("has the commits, the branch and the number of versions asked for", async () => {
    const [first = ""] = repository.commits;
    expect(repository.commits.length).toBe(3);
    expect(await git(["symbolic-ref", "HEAD"], { gitDir: repository.gitDir })).toBe("refs/heads/trunk");
    const { packages, versions } = await repository.count(first);
    expect(versions).toBe(2000);
    expect(versions / packages).toBeGreaterThan(3);
    expect(versions / packages).toBeLessThan(6);
  });

  it("passes git fsck and has a repo file, files beside the packages, and packages at unusual depths", async () => {
    await git(["fsck", "--strict"], { gitDir: repository.gitDir });
    const paths = [...(await repository.files(repository.commits.at(-1) ?? "")).keys()];
    expect(paths).toEqual(expect.arrayContaining(["repo", "version", "README.md", ".github/workflows/check.yml"]));
    const depths = new Set(paths.filter((path) => path.endsWith("/opam")).map((path) => path.split("/").length));
    expect(depths.size).toBeGreaterThan(1);
  });

  it("has opam files of the real repository's sizes", async () => {
    const files = await repository.files(repository.commits[0] ?? "");
    const sizes = [...files].filter(([path]) => path.endsWith("/opam")).map(([, file]) => file.size);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(1100);
    expect(mean).toBeLessThan(1700);
    expect(Math.max(...sizes)).toBeGreaterThan(5000);
  });

  it("changes about 0.7 % of the files in a later commit", async () => {
    const [first = "", second = ""] = repository.commits;
    const changed = await git(["diff-tree", "-r", "--name-only", first, second], { gitDir: repository.gitDir });
    expect(changed.split("\n").length).toBeGreaterThan(7);
    expect(changed.split("\n").length).toBeLessThan(40);
  });

  it("is the same for the same parameters and another for another seed", async () => {
    const elsewhere = await makeOpamRepository({
      dir: join(dir, "again"),
      versions: 2000,
      seed: 5,
      commits: 3,
      branch: "trunk",
    });
    expect(elsewhere.gitDir).not.toBe(repository.gitDir);
    expect(elsewhere.commits).toEqual(repository.commits);
    const other = await makeOpamRepository({ dir, versions: 2000, seed: 6 });
    expect(other.commits[0]).not.toBe(repository.commits[0]);
  });

  it("can be copied, and the copy's branch moved back without touching the original", async () => {
    const copy = await copyRepository(repository.gitDir, join(dir, "copy.git"));
    await git(["update-ref", "refs/heads/trunk", repository.commits[0] ?? ""], { gitDir: copy });
    expect(await git(["rev-parse", "HEAD"], { gitDir: copy })).toBe(repository.commits[0]);
    expect(await git(["rev-parse", "HEAD"], { gitDir: repository.gitDir })).toBe(repository.commits[2]);
  });

  it("is built once when several ask for it at once", async () => {
    const all = await Promise.all(
      Array.from({ length: 4 }, () => makeOpamRepository({ dir, versions: 30, seed: "race" })),
    );
    expect(new Set(all.map((each) => each.gitDir)).size).toBe(1);
    expect(new Set(all.map((each) => each.commits[0])).size).toBe(1);
  });
});

describe("the oracle", () => {
  it("streams the objects asked for, in order, with the sizes that git ls-tree gives", async () => {
    const { gitDir, commits, files } = await makeOpamRepository({ dir, versions: 300, seed: 2 });
    const listed = [...(await files(commits[0] ?? "")).values()];
    let at = 0;
    for await (const { oid, kind, bytes } of catFileBatch(
      gitDir,
      listed.map((file) => file.oid),
    )) {
      expect({ oid, kind, size: bytes.length }).toEqual({ oid: listed[at]?.oid, kind: "blob", size: listed[at]?.size });
      at++;
    }
    expect(at).toBe(listed.length);
  });

  it("throws for an object that is missing", async () => {
    const { gitDir } = await makeOpamRepository({ dir, versions: 300, seed: 2 });
    await expect(catFileBatch(gitDir, ["deadbeef".repeat(5)]).next()).rejects.toThrow(/missing/);
  });

  it("counts packages at any depth and nothing else", () => {
    const paths = [
      "packages/a/a.1/opam",
      "packages/a.2~rc1/opam",
      "packages/x/y/b.0.1/opam",
      "packages/a/a.1/files/opam",
      "packages/noversion/opam",
      "other/c.1/opam",
    ];
    expect(countPackages(paths)).toEqual({ packages: 2, versions: 3 });
  });
});

describe("the special repositories", () => {
  const heads: Record<SpecialRepositoryKind, string | null> = {
    empty: null,
    "no-branch": null,
    "not-opam": "refs/heads/master",
    "repo-only": "refs/heads/master",
    "packages-only": "refs/heads/master",
    "tag-only": null,
    "detached-head": "detached",
    "other-branch": "refs/heads/trunk",
    unborn: null,
    "odd-names": "refs/heads/master",
  };
  it.each(Object.keys(specialRepositories) as SpecialRepositoryKind[])(
    "%s has the HEAD that it promises",
    async (kind) => {
      const { gitDir, refs } = await makeSpecialRepository(kind, dir);
      await git(["fsck", "--strict"], { gitDir });
      const head = refs.get("HEAD") ?? null;
      const expected = heads[kind];
      if (expected === null) expect(head).toBeNull();
      else if (expected === "detached")
        expect([...refs].filter(([ref, oid]) => ref !== "HEAD" && oid === head)).toEqual([]);
      else expect(head).toBe(refs.get(expected));
    },
  );
});
