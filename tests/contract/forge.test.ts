import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tryGit } from "../fixtures/git-command.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { type ForgedPack, forgedPacks } from "../support/forge/forged-packs.ts";
import { disagreements, GitJudge } from "../support/forge/git-verdict.ts";
import { hostileReplies } from "../support/forge/hostile-replies.ts";
import { mutatedPacks } from "../support/forge/mutated-packs.ts";
import { packEntries, packOf } from "../support/forge/pack-entries.ts";

const forged = forgedPacks();
const control = forged.filter((each) => each.class.startsWith("valid:"));
const name = (each: ForgedPack): string => `${each.class} / ${each.title}`;

describe("the forged packs", () => {
  it("are more than 200 from more than 25 classes, beside a control group of more than 30", () => {
    const bad = forged.filter((each) => !each.class.startsWith("valid:"));
    expect(bad.length).toBeGreaterThanOrEqual(200);
    expect(new Set(bad.map((each) => each.class)).size).toBeGreaterThanOrEqual(25);
    expect(control.length).toBeGreaterThanOrEqual(30);
    expect(control.filter((each) => each.expect !== "accept").map(name)).toEqual([]);
  });

  it("have names of their own and different bytes for different questions", () => {
    expect(new Set(forged.map(name)).size).toBe(forged.length);
    const questions = forged.map((each) => `${hash(each.pack)} ${each.commit} ${JSON.stringify(each.limits)}`);
    expect(new Set(questions).size).toBe(forged.length);
  });

  it("say with which codes they may be refused", () => {
    expect(forged.filter((each) => each.expect !== "accept" && each.codes.length === 0).map(name)).toEqual([]);
  });

  it("never ask us to accept what Git refuses", () => {
    const unsound = (each: ForgedPack) => each.git === "refuse" && (each.expect !== "refuse" || each.eitherIsRight);
    expect(forged.filter(unsound).map(name)).toEqual([]);
  });

  it("are the same at every call", () => {
    const again = forgedPacks();
    expect(again.map((each) => hash(each.pack))).toEqual(forged.map((each) => hash(each.pack)));
    expect(again.map((each) => each.commit)).toEqual(forged.map((each) => each.commit));
  });
});

describe("Git as the judge", () => {
  let judge: GitJudge;
  beforeAll(async () => {
    judge = await GitJudge.open();
  });
  afterAll(() => judge.close());

  // All forged packs are judged in tests/slow/forge-verdict.test.ts.
  it("agrees with the control group", { timeout: 60_000 }, async () => {
    expect(await disagreements(control, judge)).toEqual([]);
  });

  it("agrees with one pack of every other class", { timeout: 60_000 }, async () => {
    const classes = new Map(forged.map((each) => [each.class, each]));
    expect(await disagreements([...classes.values()], judge)).toEqual([]);
  });

  it("sees the deltas in a pack that the mutator took apart and put together", async () => {
    const pack = await realPack();
    expect(packEntries(pack.bytes).filter((entry) => entry.base !== null).length).toBeGreaterThan(20);
    expect(hash(packOf(packEntries(pack.bytes)))).toBe(hash(pack.bytes));
    expect((await judge.judge(pack.bytes, pack.tip)).verdict).toBe("accept");
  });

  it("refuses most mutants, in bytes and in entries", { timeout: 60_000 }, async () => {
    const pack = await realPack();
    const messages = new Set<string>();
    let refused = 0;
    for (const mutant of mutatedPacks(pack.bytes, { seed: "unit", count: 40 })) {
      const { verdict, message } = await judge.judge(mutant.pack, pack.tip);
      if (verdict === "refuse") refused++;
      messages.add(message.replace(/[0-9a-f]{40}|\d+/g, "#"));
    }
    expect(refused).toBeGreaterThan(35);
    expect(messages.size).toBeGreaterThan(8);
  });
});

describe("the mutants", () => {
  it("are the same for the same seed, wherever the run begins, and half have a right trailer", async () => {
    const { bytes } = await realPack();
    const all = [...mutatedPacks(bytes, { seed: 7, count: 60 })];
    const later = [...mutatedPacks(bytes, { seed: 7, count: 10, from: 50 })];
    const other = [...mutatedPacks(bytes, { seed: 8, count: 60 })];
    expect(later.map((mutant) => hash(mutant.pack))).toEqual(all.slice(50).map((mutant) => hash(mutant.pack)));
    expect(other.map((mutant) => hash(mutant.pack))).not.toEqual(all.map((mutant) => hash(mutant.pack)));
    expect(all.every((mutant) => hash(mutant.pack) !== hash(bytes))).toBe(true);
    const repaired = all.filter((mutant) => mutant.repaired);
    expect(repaired.length).toBe(30);
    for (const { pack } of repaired)
      expect(Buffer.from(pack.subarray(-20)).toString("hex")).toBe(hash(pack.subarray(0, -20)));
  });
});

describe("the hostile replies", () => {
  const replies = hostileReplies();

  it("are more than 40 at each of the three requests, under names of their own", () => {
    for (const where of ["info-refs", "ls-refs", "fetch"] as const) {
      expect(replies.filter((reply) => reply.where === where).length).toBeGreaterThanOrEqual(40);
    }
    expect(new Set(replies.map((reply) => reply.title)).size).toBe(replies.length);
  });

  it("say with which codes a sync may fail", () => {
    expect(replies.filter((reply) => reply.codes.length === 0 && !reply.mayWork).map((reply) => reply.title)).toEqual(
      [],
    );
  });
});

async function realPack(): Promise<{ bytes: Uint8Array; tip: string }> {
  const { gitDir, commits } = await makeOpamRepository({ versions: 200 });
  const tip = commits.at(-1) ?? "";
  const args = ["pack-objects", "--revs", "--stdout", "--delta-base-offset", "--threads=1", "-q"];
  const { stdout } = await tryGit(args, { gitDir, input: `${tip}\n` });
  return { bytes: new Uint8Array(stdout), tip };
}

function hash(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}
