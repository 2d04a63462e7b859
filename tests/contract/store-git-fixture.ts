import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GitFixture } from "./store-git-directory-cases.ts";

/** A small repository made by Git: three commits whose texts are stored as deltas, in one pack with its idx. */
export async function makeGitFixture(): Promise<GitFixture> {
  const folder = await mkdtemp(join(tmpdir(), "mirror-pack-"));
  const git = (args: readonly string[], input?: string) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...args], {
      cwd: folder,
      input: input ?? "",
      env: { ...process.env, GIT_AUTHOR_DATE: "1700000000 +0000", GIT_COMMITTER_DATE: "1700000000 +0000" },
      maxBuffer: 64 * 1024 * 1024,
    });
  try {
    git(["init", "-q", "-b", "master"]);
    for (let commit = 1; commit <= 3; commit++) {
      for (let file = 0; file < 12; file++) {
        const lines = Array.from({ length: 200 }, (_, line) => `line ${line} of file ${file}`);
        lines[commit * 7] = `changed in commit ${commit}`;
        await writeFile(join(folder, `file-${file}`), `${lines.join("\n")}\n`);
      }
      git(["add", "."]);
      git(["commit", "-q", "-m", `commit ${commit}`]);
    }
    const oids = git(["rev-list", "--objects", "--all"]).toString().replace(/ .*$/gm, "");
    const key = git(["pack-objects", "-q", "pack"], oids).toString().trim();
    const files = await readdir(folder);
    if (!files.includes(`pack-${key}.idx`)) throw new Error(`Git wrote ${files.join(" ")}`);
    const objects = oids
      .trim()
      .split("\n")
      .map((oid) => {
        const type = git(["cat-file", "-t", oid]).toString().trim();
        return { oid, type, base64: git(["cat-file", type, oid]).toString("base64") };
      });
    return {
      key,
      commits: git(["rev-list", "master"]).toString().trim().split("\n"),
      pack: (await readFile(join(folder, `pack-${key}.pack`))).toString("base64"),
      idx: (await readFile(join(folder, `pack-${key}.idx`))).toString("base64"),
      objects,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
