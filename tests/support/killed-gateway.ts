import { rm } from "node:fs/promises";
import { expect } from "vitest";
import { git } from "../fixtures/git-command.ts";
import { NodeGateway } from "./node-gateway.ts";
import { servedHashes } from "./serving/git-hashes.ts";
import { listTarGz } from "./serving/ustar-listing.ts";

export interface KillOptions {
  /** A private repository, whose `master` is moved. */
  readonly gitDir: string;
  /** Commits to sync to, one after the other; the first is there before the first kill. */
  readonly commits: readonly string[];
  readonly data: string;
  /** Whether each sync that is killed is a first one, into an empty folder. */
  readonly fresh: boolean;
  /** A number from 0 to 1, another one each time. */
  readonly random: () => number;
}

/** How often the process was found on the old commit (or without one) and on the new one after it was killed. */
export interface KillOutcome {
  readonly old: number;
  readonly new: number;
}

/**
 * Kills a gateway at a random moment of a sync, again and again, each time on what the last one left: it must start again on the commit
 * before or after, serve all of it, and reach the new one.
 */
export async function killedGateway(options: KillOptions): Promise<KillOutcome> {
  const { gitDir, commits, data, fresh, random } = options;
  const flags = ["--repository", `${gitDir}#master`, "--data", data];
  const push = (commit: string) => git(["update-ref", "refs/heads/master", commit], { gitDir });
  await push(commits[0]!);
  let syncMs = 0;
  {
    await using gateway = await NodeGateway.start(flags, "sources");
    syncMs = (await gateway.synced(1)).durationMs;
  }
  const outcome = { old: 0, new: 0 };
  for (const [round, after] of commits.slice(1).entries()) {
    const before = fresh ? null : commits[round]!;
    if (fresh) await rm(data, { recursive: true });
    await push(after);
    // The sync begins when the process does.
    const doomed = await NodeGateway.start(flags, "sources");
    await new Promise((resolve) => setTimeout(resolve, random() * Math.min(syncMs, 3_000) * 1.2));
    await doomed.kill("SIGKILL");
    // Without its remote it can only serve what the killed one left.
    await git(["update-ref", "-d", "refs/heads/master"], { gitDir });
    await using gateway = await NodeGateway.start(flags, "sources");
    await gateway.synced(1);
    const { commit } = (await gateway.status()).repositories[0]!;
    expect([before, after], `after kill ${round}`).toContain(commit);
    outcome[commit === after ? "new" : "old"]++;
    if (commit === null) expect((await gateway.ask("/opam/default/version")).status).toBe(503);
    else await expectServed(gateway, gitDir, commit);
    await push(after);
    const ended = gateway.syncs.length + 1;
    await fetch(`${gateway.url}/opam/default/update`, { method: "POST" });
    // One that a request had asked for may have been running.
    for (let sync = ended; (await gateway.synced(sync)).commit !== after; sync++) {
      expect(sync - ended, "syncs to reach the new commit").toBeLessThan(3);
      await fetch(`${gateway.url}/opam/default/update`, { method: "POST" });
    }
    syncMs = Math.max(200, gateway.syncs.at(-1)!.durationMs);
  }
  return outcome;
}

async function expectServed(gateway: NodeGateway, gitDir: string, commit: string): Promise<void> {
  const seconds = Number(await git(["log", "-1", "--format=%ct", commit], { gitDir }));
  const index = Buffer.from(await (await fetch(`${gateway.url}/opam/default/index.tar.gz`)).arrayBuffer());
  const listing = await listTarGz(index, seconds);
  const expected = await servedHashes(gitDir, commit);
  expect(listing.names).toEqual([...expected.keys(), "repo"].sort());
  for (const [path, hash] of expected) expect(listing.hashes.get(path), path).toBe(hash);
}
