import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { LastSync } from "../../src/protocol/status.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { makeSpecialRepository } from "../fixtures/special-repository.ts";
import { launch, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { type HostileReply, type HostileServer, startHostileServer } from "../support/forge/hostile-replies.ts";
import { temporaryFolder, testGateway } from "../support/gateway.ts";
import { dashboardReady, textAppears } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { answersOf, differences, statusOf } from "../support/serving/page-requests.ts";

/** A repository on disk, behind a server that can be told to misbehave. */
interface Remote extends AsyncDisposable {
  readonly gitDir: string;
  readonly server: HostileServer;
}

interface BadInput {
  readonly title: string;
  readonly code: ErrorCode;
  /** A part of the sentence that the page shows. */
  readonly words: RegExp;
  /** What is followed; the branch by name unless this is null. */
  readonly branch?: null;
  /** Turns a good remote into a bad one. */
  readonly spoil: (remote: Remote) => void | Promise<void>;
}

/** An answer to the first request of a sync, before any Git. */
function firstAnswer(respond: HostileReply["respond"]): (remote: Remote) => void {
  return ({ server }) => server.set({ title: "the first answer", where: "info-refs", codes: [], respond });
}

const cases: readonly BadInput[] = [
  {
    title: "a remote that breaks the connection",
    code: "remote-unreachable",
    words: /Could not reach http:\/\/127\.0\.0\.1/,
    spoil: firstAnswer((_request, response) => void response.destroy()),
  },
  {
    title: "a remote that is not there",
    code: "remote-unreachable",
    words: /Could not reach http:\/\/127\.0\.0\.1/,
    spoil: ({ server }) => server.close(),
  },
  {
    title: "404",
    code: "remote-status",
    words: /answered with HTTP status 404/,
    spoil: firstAnswer((_request, response) => void response.writeHead(404).end("no such repository")),
  },
  {
    title: "HTML with status 200",
    code: "remote-not-git",
    words: /is not Git/,
    spoil: firstAnswer((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>Sign in</title>");
    }),
  },
  {
    title: "HTML that claims to be Git",
    code: "remote-not-git",
    words: /is not Git/,
    spoil: firstAnswer((_request, response) => {
      response.writeHead(200, { "Content-Type": "application/x-git-upload-pack-advertisement" });
      response.end("<!doctype html><title>Sign in</title>");
    }),
  },
  {
    title: "an empty repository",
    code: "remote-empty",
    words: /has no commits yet/,
    branch: null,
    spoil: async ({ gitDir }) => {
      await git(["update-ref", "-d", "refs/heads/master"], { gitDir });
    },
  },
  {
    title: "a branch that is missing",
    code: "branch-missing",
    words: /has no branch or tag "master"/,
    spoil: async ({ gitDir }) => {
      await git(["update-ref", "refs/heads/other", "refs/heads/master"], { gitDir });
      await git(["symbolic-ref", "HEAD", "refs/heads/other"], { gitDir });
      await git(["update-ref", "-d", "refs/heads/master"], { gitDir });
    },
  },
  {
    title: "a tree with neither packages nor repo",
    code: "not-opam-repository",
    words: /is not an opam repository/,
    spoil: async ({ gitDir }) => {
      const { gitDir: other } = await makeSpecialRepository("not-opam");
      await git(["fetch", "--quiet", other, "+refs/heads/master:refs/heads/master"], { gitDir });
    },
  },
];

const limitMs = 5_000;
let browser: TestBrowser;
let repository: OpamRepository;
let hashes: Map<string, string>;
beforeAll(async () => {
  browser = await launch("chromium");
  repository = await makeOpamRepository({ versions: 60, seed: 5 });
  hashes = await servedHashes(repository.gitDir, repository.commits[0]!);
});
afterAll(() => browser?.close());

async function openRemote(): Promise<Remote> {
  const folder = await temporaryFolder();
  const gitDir = await copyRepository(repository.gitDir, folder.at("repo.git"));
  const server = await startHostileServer(gitDir);
  let open = true;
  const close = async () => {
    if (open) await server.close();
    open = false;
  };
  return {
    gitDir,
    server: { ...server, close },
    [Symbol.asyncDispose]: async () => {
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Waits for the outcome of a sync, in `status` and on the page, for at most 5 s since `begun`. */
async function expectFailure(
  page: TestPage,
  root: string,
  bad: BadInput,
  begun: number,
  after: string,
): Promise<LastSync> {
  let last: LastSync | null = null;
  for (;;) {
    const found = (await statusOf(page, root).catch(() => null))?.repositories[0];
    last = found?.lastSync ?? null;
    if (last !== null && last.startedAt > after && found?.state === "error") break;
    if (performance.now() - begun > limitMs) throw new Error(`after 5 s: ${JSON.stringify(found)}`);
    await sleep(20);
  }
  expect(last.error).toMatchObject({ code: bad.code, message: expect.stringMatching(bad.words) });
  await textAppears(page, last.error!.message, Math.max(0, limitMs - (performance.now() - begun)));
  await textAppears(page, bad.code, 0);
  console.log(`${bad.title}: ${bad.code} after ${(performance.now() - begun).toFixed(0)} ms`);
  return last;
}

describe.each(cases)("$title", (bad) => {
  const named = bad.branch === null ? "" : "#master";

  test("on the first visit: a typed error in status and its sentence on the page, within 5 s", async () => {
    await using remote = await openRemote();
    const url = remote.server.url;
    await bad.spoil(remote);
    await using gateway = await testGateway({ repository: url + named });
    const root = `${gateway.page}opam/default/`;
    const begun = performance.now();
    const page = await browser.open(gateway.page);
    const last = await expectFailure(page, root, bad, begun, "");
    expect(last.changedFiles).toBe(0);
    const [status] = (await statusOf(page, root)).repositories;
    expect(status).toMatchObject({ state: "error", commit: null, packages: 0, versions: 0 });
    await page.close();
  });

  test("after a good sync: the same, and the snapshot that is there still serves", async () => {
    await using remote = await openRemote();
    await using gateway = await testGateway({ repository: remote.server.url + named });
    const root = `${gateway.page}opam/default/`;
    const page = await browser.open(gateway.page);
    await dashboardReady(page, 20_000);
    const first = (await statusOf(page, root)).repositories[0]!;
    expect(first.commit).toBe(repository.commits[0]);
    const index = await answersOf(page, root, ["index.tar.gz", "repo"]);
    expect(index.get("index.tar.gz")).toMatch(/^200 snapshot /);
    await bad.spoil(remote);
    const begun = performance.now();
    await page.evaluate(async (url) => void (await fetch(url, { method: "POST" })), `${root}update`);
    await expectFailure(page, root, bad, begun, first.lastSync!.startedAt);
    expect(differences(await answersOf(page, root, [...hashes.keys()]), expectedAnswers(hashes))).toEqual([]);
    expect(await answersOf(page, root, ["index.tar.gz", "repo"])).toEqual(index);
    const { commit, versions, packages } = first;
    expect((await statusOf(page, root)).repositories[0]).toMatchObject({ state: "error", commit, versions, packages });
    await page.close();
  });
});
