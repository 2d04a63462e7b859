import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../src/core/git/limits.ts";
import { pktLine } from "../../src/core/git/pkt-line.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { discover } from "../../src/sync/discover.ts";
import type { Fetch } from "../../src/sync/host.ts";
import { macrotask, nodeSlice } from "../support/node-mirror.ts";

const commit = "0123456789012345678901234567890123456789";
const capabilities = `${pktLine("version 2")}${pktLine("ls-refs=unborn")}${pktLine("fetch=shallow")}0000`;
const refs = `${pktLine(`${commit} refs/heads/master`)}0000`;

/** Discovers at a remote that answers so; `posts` are asked for in turn, the last again and again. */
async function discovered(info: string | Promise<string>, ...posts: (() => Response)[]) {
  const asked: string[] = [];
  let posted = 0;
  const fetch: Fetch = async (url, init) => {
    asked.push(`${init?.method} ${new URL(url).pathname}`);
    if (init?.method === "POST") return posts[Math.min(posted++, posts.length - 1)]!();
    return answer("application/x-git-upload-pack-advertisement", await info);
  };
  const host = {
    store: createMemoryStore(),
    fetch,
    clock: systemClock,
    macrotask,
    slice: nodeSlice,
    limits: defaultLimits,
    base: "https://mirror.test/",
    gitDirectory: (name: string) => name,
  };
  const remote = { url: "https://remote.test/r", shown: "r", branch: "master" };
  const outcome = await discover(host, remote, new AbortController().signal).catch((thrown: unknown) => thrown);
  return { outcome, asked };
}

const answer = (type: string, body: string, status = 200) =>
  new Response(body, { status, headers: { "content-type": type } });
const listed = () => answer("application/x-git-upload-pack-result", refs);

describe("discovery", () => {
  it("asks for capabilities and refs at once, and for nothing twice", async () => {
    let answerInfo = (_text: string) => {};
    const info = new Promise<string>((resolve) => {
      answerInfo = resolve;
    });
    const { outcome, asked } = await discovered(info, () => {
      // The capabilities come only after the refs were asked for.
      answerInfo(capabilities);
      return listed();
    });
    expect(outcome).toEqual({ commit, branch: "master" });
    expect(asked).toEqual(["POST /r/git-upload-pack", "GET /r/info/refs"]);
  });

  it("asks again when what it asked for ahead has failed", async () => {
    const { outcome, asked } = await discovered(capabilities, () => answer("text/plain", "busy", 503), listed);
    expect(outcome).toEqual({ commit, branch: "master" });
    expect(asked).toHaveLength(3);
  });

  it("believes no refs of a remote whose capabilities are wrong", async () => {
    const { outcome } = await discovered(`${pktLine("version 1")}0000`, listed);
    expect(outcome).toMatchObject({ code: "remote-not-git" });
  });
});
