import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initBare } from "../../fixtures/fast-import.ts";
import { tryGit } from "../../fixtures/git-command.ts";
import type { ForgedPack, Verdict } from "./forged-pack.ts";
import type { ThinPack } from "./thin-packs.ts";

export interface GitVerdict {
  readonly verdict: Verdict;
  /** Which of Git's checks refused; null when none did. */
  readonly by: "index-pack" | "rev-list" | null;
  /** What Git wrote to standard error. */
  readonly message: string;
}

/**
 * Git as a judge: `git index-pack --strict` on the pack as a file (so that bytes after the trailer are seen), then
 * `git rev-list --objects` from the commit, in an object store that holds nothing else and with the commit as shallow boundary unless told.
 */
export class GitJudge {
  readonly #folder: string;
  #number = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<GitJudge> {
    const folder = await mkdtemp(join(tmpdir(), "git-judge-"));
    await initBare(join(folder, "repo.git"), "master");
    return new GitJudge(folder);
  }

  /** `prior`: a pack that the receiver has already; the pack may then be thin. */
  async judge(
    pack: Uint8Array,
    commit: string,
    options: { prior?: Uint8Array; boundary?: readonly string[] } = {},
  ): Promise<GitVerdict> {
    const own = join(this.#folder, String(this.#number++));
    const packs = join(own, "objects", "pack");
    const shallow = join(own, "shallow");
    await mkdir(packs, { recursive: true });
    await writeFile(shallow, (options.boundary ?? [commit]).map((oid) => `${oid}\n`).join(""));
    const run = (args: readonly string[], input?: Uint8Array) =>
      tryGit(["--shallow-file", shallow, "-c", "core.bigFileThreshold=64m", ...args], {
        gitDir: join(this.#folder, "repo.git"),
        env: { GIT_OBJECT_DIRECTORY: join(own, "objects") },
        ...(input === undefined ? {} : { input }),
      });
    try {
      if (options.prior !== undefined) {
        const stored = await run(["index-pack", "--stdin"], options.prior);
        if (stored.status !== 0) throw new Error(`the prior pack is wrong: ${stored.stderr}`);
      }
      const path = join(packs, "pack-judged.pack");
      await writeFile(path, pack);
      const indexed =
        options.prior === undefined
          ? await run(["index-pack", "--strict", "--threads=1", path])
          : await run(["index-pack", "--strict", "--threads=1", "--stdin", "--fix-thin"], pack);
      if (indexed.status !== 0) return { verdict: "refuse", by: "index-pack", message: indexed.stderr };
      const walked = await run(["rev-list", "--objects", "--quiet", commit]);
      if (walked.status !== 0) return { verdict: "refuse", by: "rev-list", message: walked.stderr };
      return { verdict: "accept", by: null, message: indexed.stderr };
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One line for every pack of which Git thinks otherwise than declared. Two at a time: Git is a process of its own. */
export async function disagreements(packs: readonly (ForgedPack | ThinPack)[], judge: GitJudge): Promise<string[]> {
  const queue = packs.values();
  const out: string[] = [];
  const work = async (): Promise<void> => {
    for (const each of queue) {
      const { verdict, message } = await judge.judge(each.pack, each.commit, {
        ...(each.boundary === undefined ? {} : { boundary: each.boundary }),
        ...("prior" in each ? { prior: each.prior } : {}),
      });
      if (verdict !== each.git) {
        out.push(`${each.class} / ${each.title}: declared ${each.git}, Git says ${verdict}: ${message}`);
      }
    }
  };
  await Promise.all([work(), work()]);
  return out;
}
