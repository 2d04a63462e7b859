import { afterAll, beforeAll, expect, it } from "vitest";
import { forgedPacks } from "../support/forge/forged-packs.ts";
import { disagreements, GitJudge } from "../support/forge/git-verdict.ts";
import { thinPacks } from "../support/forge/thin-packs.ts";

// What the forge declares of its packs is what Git says of them.

let judge: GitJudge;
beforeAll(async () => {
  judge = await GitJudge.open();
});
afterAll(() => judge.close());

it("Git agrees with what every forged pack says of it", async () => {
  expect(await disagreements(forgedPacks(), judge)).toEqual([]);
});

it("Git agrees with what every thin pack says of it", async () => {
  const thin = thinPacks();
  expect(new Set(thin.map((each) => each.expect))).toEqual(new Set(["accept", "refuse"]));
  expect(await disagreements(thin, judge)).toEqual([]);
});
