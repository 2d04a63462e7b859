import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { git } from "../fixtures/git-command.ts";
import { lsTree } from "../fixtures/git-oracle.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { runGit, temporaryFolder } from "../support/gateway.ts";
import { describeNoise, isDisturbed, type Noise, watchNoise } from "../support/machine-noise.ts";
import { type Answered, NodeGateway } from "../support/node-gateway.ts";
import { realData } from "../support/real-data.ts";
import { percentile } from "../support/serving/request-probe.ts";

const everyMs = 5;
const repeats = 3;
/** What a limit is multiplied with when other programs took part of the machine in every run. */
const tolerance = 5;
/** A share of the processors from which on two of them are not enough for a gateway, Git and whoever measures. */
const starving = 0.25;
const gapMs = 16;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gitDir: string;
let commit: string;
let paths: string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  const source = realData()?.repository ?? (await makeOpamRepository({ versions: 10_000 })).gitDir;
  gitDir = folder.at("repository.git");
  await runGit("clone", "--quiet", "--bare", "--shared", "--branch", "master", source, gitDir);
  commit = await git(["rev-parse", "refs/heads/master"], { gitDir });
  const all = [...(await lsTree(gitDir, commit)).keys()].filter((path) => path.startsWith("packages/"));
  paths = all.filter((_, at) => at % Math.ceil(all.length / 200) === 0).map((path) => `/opam/default/${path}`);
});
afterAll(() => folder?.[Symbol.asyncDispose]());

interface Run {
  readonly first: readonly Answered[];
  readonly prompt: readonly Answered[];
  readonly firstGapMs: number;
  readonly idle: readonly Answered[];
  readonly busy: readonly Answered[];
  readonly busyGapMs: number;
  readonly noise: Noise | null;
}

/** A process that clones a first repository while it is asked for files of it, and then a second one while the first serves. */
async function run(store: "files" | "memory", number: number): Promise<Run> {
  const branch = `later-${store}-${number}`;
  const noise = await watchNoise();
  await using gateway = await NodeGateway.start(
    [
      ...["--repository", `${gitDir}#master`, "--repository", `again=${gitDir}#${branch}`],
      ...(store === "memory" ? ["--memory"] : ["--data", folder.at(branch)]),
    ],
    "sources",
  );
  const firstSync = () => gateway.syncs.length > 0;
  const [first, prompt] = await Promise.all([
    gateway.askSteadily(paths, 4 * everyMs, firstSync),
    gateway.askSteadily(["/opam/default/status", "/healthz"], 4 * everyMs, firstSync),
  ]);
  await gateway.synced(2);
  const forMs = (ms: number) => {
    const end = performance.now() + ms;
    return gateway.askSteadily(paths, everyMs, () => performance.now() > end);
  };
  await forMs(paths.length * everyMs);
  const idle = await forMs(1_500);
  await git(["update-ref", `refs/heads/${branch}`, commit], { gitDir });
  await fetch(`${gateway.url}/opam/again/update`, { method: "POST" });
  const busy = await gateway.askSteadily(paths, everyMs, () => gateway.syncs.length > 2);
  const second = await gateway.synced(3);
  expect(second.commit).toBe(commit);
  return {
    first,
    prompt,
    firstGapMs: gateway.syncs[0]!.longestGapMs,
    idle,
    busy,
    busyGapMs: second.longestGapMs,
    noise: await noise(),
  };
}

describe.each(["files", "memory"] as const)("the gateway on %s", (store) => {
  test("answers while it clones, within the budget", async (context) => {
    const p99 = (answers: readonly Answered[]) =>
      percentile(
        answers.map(({ ms }) => ms),
        99,
      );
    const statuses = (answers: readonly Answered[]) => [...new Set(answers.map(({ status }) => status))].sort();
    let disturbed = true;
    let starved = true;
    let best = Number.POSITIVE_INFINITY;
    for (let number = 0; number < repeats; number++) {
      const found = await run(store, number);
      // Before there is a snapshot a file is served, or it is said when to come back: never that it does not exist.
      expect([200, 503]).toEqual(expect.arrayContaining(statuses(found.first)));
      expect(found.first.filter(({ status }) => status === 200).length).toBeGreaterThan(found.first.length / 2);
      for (const answers of [found.prompt, found.idle, found.busy]) expect(statuses(answers)).toEqual([200]);
      const limit = 2 * p99(found.idle) + 5;
      // How far above its limit each of them is.
      const over = Math.max(
        p99(found.busy) / limit,
        found.firstGapMs / gapMs,
        found.busyGapMs / gapMs,
        p99(found.prompt) / 50,
      );
      console.log(
        `${store}: p99 ${p99(found.busy).toFixed(1)} of at most ${limit.toFixed(1)} ms (${found.busy.length} requests), gaps ${found.firstGapMs} and ${found.busyGapMs} ms; ` +
          `first clone: ${found.first.length} files, p99 ${p99(found.first).toFixed(0)} ms, status p99 ${p99(found.prompt).toFixed(1)} ms; ${describeNoise(found.noise)}`,
      );
      disturbed &&= isDisturbed(found.noise);
      starved &&= (found.noise?.others ?? 0) > starving;
      best = Math.min(best, over);
      if (best <= 1) break;
    }
    if (best > 1 && starved)
      context.skip("the machine is busy with other work: what was answered was right, how fast says nothing.");
    // Beyond twice the budget something holds the thread; whether the budget itself holds is the benchmark's to say.
    expect(best).toBeLessThanOrEqual(disturbed ? tolerance : 2);
  });
});
