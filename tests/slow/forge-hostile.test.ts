import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { git, tryGit } from "../fixtures/git-command.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { type HostileServer, hostileReplies, startHostileServer } from "../support/forge/hostile-replies.ts";

// Git's own client as the oracle of the hostile replies: what we call wrong must be wrong for Git, and the server must be right
// when nothing is asked of it. Replies that only a deadline ends are left out.

let dir = "";
let server: HostileServer;
let tip = "";
let clones = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hostile-"));
  const repository = await makeOpamRepository({ versions: 100, commits: 3 });
  tip = repository.commits.at(-1) ?? "";
  server = await startHostileServer(repository.gitDir);
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

/** Whether Git clones the tip. */
async function cloned(): Promise<boolean> {
  const to = join(dir, String(clones++));
  const strict = ["-c", "protocol.version=2", "-c", "transfer.fsckObjects=true"];
  const args = [...strict, "clone", "--quiet", "--bare", "--depth", "1", "--branch", "master", server.url, to];
  const { status } = await tryGit(args, { env: { GIT_ASKPASS: "true" } });
  return status === 0 && (await git(["rev-parse", "HEAD"], { gitDir: to })) === tip;
}

it("serves Git when no reply is set", async () => {
  server.set(null);
  expect(await cloned()).toBe(true);
  expect(server.requests.map((request) => request.where)).toEqual(["info-refs", "ls-refs", "fetch"]);
});

const replies = hostileReplies().filter((reply) => !reply.needsDeadline);

it.each(replies)("$title", async (reply) => {
  server.set(reply);
  const worked = await cloned();
  expect(server.requests.some((request) => request.hostile)).toBe(true);
  if (!reply.mayWork) expect(worked).toBe(false);
});
