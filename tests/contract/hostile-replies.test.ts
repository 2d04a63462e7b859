import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { type HostileServer, hostileReplies, startHostileServer } from "../support/forge/hostile-replies.ts";
import { type NodeMirror, openNodeMirror } from "../support/node-mirror.ts";

const replies = hostileReplies();
const retries = [10, 20];
/** For replies that end by a deadline, and for those that a slow machine may take its time to read. */
const short = { idle: 1200, total: 4000, discovery: 1500, retries };
const long = { idle: 10_000, total: 30_000, discovery: 10_000, retries };

let repository: OpamRepository;
let server: HostileServer;

beforeAll(async () => {
  repository = await makeOpamRepository({ versions: 60, commits: 2, seed: "hostile" });
  server = await startHostileServer(repository.gitDir);
});

afterAll(async () => {
  await server.close();
});

/** Syncs against the reply and checks that nothing but a good tree can come of it. */
async function expectHarmless(
  mirror: NodeMirror,
  reply: (typeof replies)[number],
  before: string | null,
): Promise<void> {
  server.set(reply);
  const status = await mirror.sync();
  server.set(null);
  const error = status.lastSync?.error ?? null;
  if (error === null) {
    expect(reply.mayWork, `${reply.title} was taken for good`).toBe(true);
    expect(status.commit).toBe(repository.commits.at(-1));
    return;
  }
  expect(reply.codes, `${error.code}: ${error.message}`).toContain(error.code);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is checked
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(status.commit).toBe(before);
}

describe("hostile replies", () => {
  it("are at least forty", () => expect(replies.length).toBeGreaterThanOrEqual(40));

  it.each(replies.map((reply) => [`${reply.where}: ${reply.title}`, reply] as const))(
    "first sync, %s",
    async (_name, reply) => {
      const deadlines = reply.codes.includes("remote-timeout") ? short : long;
      const mirror = await openNodeMirror({ remote: server.url, deadlines });
      await expectHarmless(mirror, reply, null);
      expect(server.requests.length).toBeLessThan(20);
      // The next good sync succeeds.
      const status = await mirror.sync();
      expect(status.lastSync?.error).toBeNull();
      expect(status.commit).toBe(repository.commits.at(-1));
      await mirror.close();
    },
    60_000,
  );
});
