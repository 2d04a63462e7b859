import { expect, test } from "vitest";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { Random } from "../fixtures/random.ts";
import { runGit, temporaryFolder } from "../support/gateway.ts";
import { killedGateway } from "../support/killed-gateway.ts";
import { realData } from "../support/real-data.ts";

/** Kills in each test; fifty in both. */
const rounds = Number(process.env.ROUNDS ?? 25);
const seed = process.env.SEED ?? String(Date.now());

function moments(name: string): () => number {
  const random = new Random(`kill/${name}/${seed}`);
  return () => random.int(1_000) / 1_000;
}

test("killed at random moments of an update: the old snapshot or the new one, each time", async () => {
  await using folder = await temporaryFolder();
  const { gitDir, commits } = await makeOpamRepository({ versions: 5_000, seed: 3, commits: rounds + 1 });
  const outcome = await killedGateway({
    gitDir: await copyRepository(gitDir, folder.at("repository.git")),
    commits,
    data: folder.at("data"),
    fresh: false,
    random: moments("update"),
  });
  console.log(`seed ${seed}: ${outcome.old} times the old snapshot, ${outcome.new} times the new one`);
  expect(outcome.old + outcome.new).toBe(rounds);
  // Otherwise the moments were not in the syncs.
  expect(Math.min(outcome.old, outcome.new)).toBeGreaterThan(rounds / 10);
});

test("killed at random moments of a first sync: none or all of it", async () => {
  await using folder = await temporaryFolder();
  const gitDir = folder.at("repository.git");
  const source = realData()?.repository ?? (await makeOpamRepository({ versions: 10_000, seed: 3 })).gitDir;
  await runGit("clone", "--quiet", "--bare", "--shared", "--branch", "master", source, gitDir);
  const commit = await runGit("-C", gitDir, "rev-parse", "master");
  const outcome = await killedGateway({
    gitDir,
    commits: Array.from({ length: rounds + 1 }, () => commit),
    data: folder.at("data"),
    fresh: true,
    random: moments("first"),
  });
  console.log(`seed ${seed}: ${outcome.old} times nothing, ${outcome.new} times the snapshot`);
  expect(outcome.old + outcome.new).toBe(rounds);
  expect(Math.min(outcome.old, outcome.new)).toBeGreaterThan(rounds / 10);
});
