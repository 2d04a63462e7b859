import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { lsTree } from "../fixtures/git-oracle.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { Random } from "../fixtures/random.ts";
import { realData } from "../support/real-data.ts";
import { cacheFolder } from "./cache-folder.ts";
import { timedCommand } from "./timed-command.ts";

/** The repository that is measured. */
export interface Subject {
  readonly name: string;
  /** A bare repository with the branches `master` and `previous`, which differ by a week of commits. */
  readonly gitDir: string;
  readonly commit: string;
  readonly objects: number;
  /** The pack of `master` at depth 1, as a Git client got it. */
  readonly packFile: string;
  readonly packBytes: number;
  /** A Git directory without objects that knows the commit's parents to be left out on purpose. */
  readonly emptyGitDir: string;
  /** Package files that are the same in both branches, spread over the repository: always the same ones. */
  readonly paths: readonly string[];
  /** A folder with what `index.tar.gz` holds. */
  readonly tree: string;
}

/** As many opam files as the real repository had in August 2026. */
const realVersions = 18_793;
const pathsUsed = 240;

/** The real opam-repository when it is there, else a generated one of its size. */
export async function chooseSubject(): Promise<Subject> {
  const real = realData();
  if (real !== null) return subjectOf("opam-repository (real)", real.repository);
  return subjectOf(`generated, ${realVersions} versions`, await generatedSubject(realVersions));
}

/** A generated repository with both branches. */
async function generatedSubject(versions: number): Promise<string> {
  const { gitDir, commits } = await makeOpamRepository({ versions, commits: 2, seed: "bench" });
  const copy = join(cacheFolder, `repository-${commits.at(-1)}.git`);
  return once(copy, async (draft) => {
    await copyRepository(gitDir, draft);
    await git(["update-ref", "refs/heads/previous", commits[0] ?? ""], { gitDir: draft });
  });
}

async function subjectOf(name: string, gitDir: string): Promise<Subject> {
  const commit = await git(["rev-parse", "refs/heads/master"], { gitDir });
  const clone = await once(join(cacheFolder, `clone-${commit}.git`), async (draft) => {
    await git(["clone", "--quiet", "--bare", "--depth", "1", "--branch", "master", `file://${gitDir}`, draft]);
  });
  const packs = join(clone, "objects/pack");
  const pack = (await readdir(packs)).find((file) => file.endsWith(".pack"));
  if (pack === undefined) throw new Error(`${packs} holds no pack.`);
  const counted = await git(["count-objects", "-v"], { gitDir: clone });
  const tree = await once(join(cacheFolder, `tree-${commit}`), async (draft) => {
    await mkdir(draft, { recursive: true });
    const tar = `${draft}.tar`;
    const wanted = (await git(["ls-tree", "--name-only", commit], { gitDir: clone })).split("\n");
    const served = ["packages", "repo", "version"].filter((path) => wanted.includes(path));
    await git(["archive", "--format=tar", `--output=${tar}`, commit, ...served], { gitDir: clone });
    await timedCommand("tar", ["xf", tar, "-C", draft]);
    await rm(tar);
  });
  const packFile = join(packs, pack);
  const emptyGitDir = await once(join(cacheFolder, `empty-${commit}.git`), async (draft) => {
    await git(["init", "--quiet", "--bare", draft]);
    await copyFile(join(clone, "shallow"), join(draft, "shallow")).catch(() => undefined);
  });
  return {
    name,
    gitDir,
    commit,
    objects: Number(/in-pack: (\d+)/.exec(counted)?.[1] ?? 0),
    packFile,
    emptyGitDir,
    packBytes: (await stat(packFile)).size,
    paths: await commonPaths(gitDir),
    tree,
  };
}

async function commonPaths(gitDir: string): Promise<string[]> {
  const [current, previous] = await Promise.all([lsTree(gitDir, "master"), lsTree(gitDir, "previous")]);
  const common = [...current]
    .filter(([path, { oid }]) => /^packages\/.*\/opam$/.test(path) && previous.get(path)?.oid === oid)
    .map(([path]) => path);
  const random = new Random("bench/paths");
  return Array.from({ length: Math.min(pathsUsed, common.length) }, () => {
    const [path] = common.splice(random.int(common.length), 1);
    return path!;
  });
}

/** `folder`, made by `make` under another name first unless it is there: a killed run leaves nothing half done. */
async function once(folder: string, make: (draft: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  const draft = `${folder}.draft-${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(cacheFolder, { recursive: true });
  await make(draft);
  await rename(draft, folder);
  return folder;
}
