import { expect, test } from "vitest";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { Random } from "../fixtures/random.ts";
import { temporaryFolder } from "../support/gateway.ts";
import { killedGateway } from "../support/killed-gateway.ts";

test("a gateway that is killed in a sync starts again on the old snapshot or the new one", async () => {
  await using folder = await temporaryFolder();
  const { gitDir, commits } = await makeOpamRepository({ versions: 1000, seed: 3, commits: 6 });
  const random = new Random(`kill/${Date.now()}`);
  const outcome = await killedGateway({
    gitDir: await copyRepository(gitDir, folder.at("repository.git")),
    commits,
    data: folder.at("data"),
    fresh: false,
    random: () => random.int(1_000) / 1_000,
  });
  expect(outcome.old + outcome.new).toBe(5);
}, 120_000);
