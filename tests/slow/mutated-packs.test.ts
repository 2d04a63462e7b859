import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { GitJudge } from "../support/forge/git-verdict.ts";
import { mutatedPacks } from "../support/forge/mutated-packs.ts";
import { readPack } from "../support/read-pack.ts";
import { realData } from "../support/real-data.ts";

const count = Number(process.env.MUTANTS ?? 300);
const seed = process.env.MUTANT_SEED ?? "2026";

/** The differential of docs/security.md: never do we accept what `git index-pack --strict` and a walk refuse. */
async function differential(gitDir: string, commit: string, mutants: number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-mutants-"));
  const clone = join(folder, "clone.git");
  const judge = await GitJudge.open();
  const tally: Record<string, number> = {};
  try {
    await git(["clone", "-q", "--bare", "--depth", "1", "--single-branch", `file://${gitDir}`, clone]);
    const packs = join(clone, "objects/pack");
    const name = (await readdir(packs)).find((one) => one.endsWith(".pack"))!;
    // A plain array: the slice of a Buffer is a view, and a mutant must not change the pack.
    const pack = new Uint8Array(await readFile(join(packs, name)));
    for (const mutant of mutatedPacks(pack, { seed, count: mutants })) {
      const outcome = await readPack(mutant.pack, commit, { chunkBytes: 65_536 }).then(
        () => "accepted",
        (thrown: unknown) => (thrown instanceof MirrorError ? thrown.code : `untyped ${String(thrown)}`),
      );
      tally[outcome] = (tally[outcome] ?? 0) + 1;
      expect(outcome, `mutant ${mutant.index}: ${mutant.title}`).not.toMatch(/^untyped/);
      if (outcome !== "accepted") continue;
      const verdict = await judge.judge(mutant.pack, commit, { boundary: [commit] });
      expect(verdict.verdict, `mutant ${mutant.index}: ${mutant.title}`).toBe("accept");
    }
  } finally {
    await judge.close();
    await rm(folder, { recursive: true, force: true });
  }
  return tally;
}

describe("mutated packs", () => {
  it(`${count} of a generated repository: nothing that Git refuses is accepted`, async () => {
    const { gitDir, commits } = await makeOpamRepository({ versions: 500, seed: "mutants" });
    console.log(await differential(gitDir, commits.at(-1)!, count));
  });

  it(`${count} of the real repository: nothing that Git refuses is accepted`, async (context) => {
    const real = realData();
    if (real === null) return context.skip("no real data: set OPAM_REAL_DATA");
    const commit = (await git(["rev-parse", "master"], { gitDir: real.repository })).trim();
    console.log(await differential(real.repository, commit, count));
  });
});
