import { describe, expect, test, vi } from "vitest";
import type { LiveAnswer } from "../../src/protocol/messages.ts";
import type { Live, Upstream } from "../../src/serve/ports.ts";
import type { Snapshot } from "../../src/store/snapshot-reader.ts";
import { blobOid, encode, fakeHandler, fakeSnapshot, fakeStore, sha } from "../support/fake-snapshot.ts";
import { StillClock } from "../support/still-clock.ts";

const path = "packages/demo/demo.1.0/opam";
const url = `opam/default/${path}`;
const content = encode('opam-version: "2.0"\n');
const deadlines = { metadata: 150, tarball: 200 };
const file: LiveAnswer = {
  type: "file",
  oid: blobOid(content),
  bytes: content,
  committedAt: 1_700_000_000,
  commit: "c".repeat(40),
};
const live = (answer: (path: string, waitMs: number) => LiveAnswer | Promise<LiveAnswer>): Live => ({
  answer: async (_, asked, waitMs) => answer(asked, waitMs),
});
const upstream = (body: string | null): Upstream & { asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (_, wanted) => {
      asked.push(wanted);
      return body === null ? null : new Response(body);
    },
  };
};
/** The outcome, and the time of the clock at which it came: however long the machine takes, no more than this passes meanwhile. */
const timed = async <T>(clock: StillClock, work: Promise<T>): Promise<[T, number]> => {
  const started = clock.time;
  let settled = false;
  const end = () => {
    settled = true;
  };
  work.then(end, end);
  while (!settled) await clock.pass(5, 5);
  return [await work, clock.time - started];
};

describe("before the first snapshot", () => {
  test("the clone in progress answers first, and nobody else is asked", async () => {
    const relay = upstream("upstream");
    const { get } = fakeHandler({ live: live(() => file), upstream: relay, deadlines });
    const response = await get(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('opam-version: "2.0"\n');
    expect(response.headers.get("etag")).toBe(`"${blobOid(content)}"`);
    expect(response.headers.get("x-opam-source")).toBe("sync");
    expect(response.headers.get("last-modified")).toBe("Tue, 14 Nov 2023 22:13:20 GMT");
    expect(relay.asked).toEqual([]);
  });

  test("repo is rewritten, and has the ETag that the snapshot gives it later", async () => {
    const commit = "97014be61691efb695da5de8e860cba5d74fa1f5";
    const bytes = encode('announce: "hello"\n');
    const answer: LiveAnswer = { type: "file", oid: "", bytes, committedAt: 1_700_000_000, commit };
    const early = await fakeHandler({ live: live(() => answer), deadlines }).get("opam/default/repo");
    const later = await fakeHandler({ snapshot: fakeSnapshot({ repo: bytes }) }).get("opam/default/repo");
    const text = await early.text();
    expect(text).toContain(`stamp: "${commit}"`);
    expect(text).toContain('announce: "hello"');
    expect(early.headers.get("etag")).toBe(`"${sha("sha256", text)}"`);
    expect(later.headers.get("etag")).toBe(early.headers.get("etag"));
    expect(await later.text()).toBe(text);
  });

  test("many requests that wait look for the snapshot together", async () => {
    let looks = 0;
    let published: Snapshot | null = null;
    const openSnapshot = async () => {
      looks++;
      return published;
    };
    const clock = new StillClock();
    const { get } = fakeHandler({ openSnapshot, deadlines: { metadata: 2000 }, clock });
    const requests = Array.from({ length: 200 }, () => get(url));
    await clock.pass(300, 5);
    // Each looks once when it comes; after that one looks for all, every 25 ms.
    expect(looks).toBeLessThan(200 + 20);
    published = fakeSnapshot({ [path]: "demo" });
    const [responses] = await timed(clock, Promise.all(requests));
    for (const response of responses) expect(response.status).toBe(200);
    const again = looks;
    await clock.pass(100, 5);
    expect(looks).toBe(again);
  });

  test("an answer comes as soon as its blob is verified", async () => {
    const clock = new StillClock();
    const waits = live(async (_, waitMs) => {
      while (clock.time < Math.min(60, waitMs)) await clock.sleep(5);
      return clock.time >= 60 ? file : { type: "pending", secondsLeft: 9 };
    });
    const [response, ms] = await timed(clock, fakeHandler({ live: waits, clock }).get(url));
    expect(response.status).toBe(200);
    expect(ms).toBeLessThan(100);
  });

  test.each([
    ["pending", { type: "pending", secondsLeft: 12.2 }, "13"],
    ["pending for long", { type: "pending", secondsLeft: 1e6 }, "60"],
    ["absent from the tree", { type: "absent" }, "5"],
    ["idle", { type: "idle" }, "5"],
  ] as const)("what is %s is 503 at the deadline, never 404", async (_, answer, retryAfter) => {
    for (const wanted of ["repo", "version", path, "index.tar.gz"]) {
      const clock = new StillClock();
      const [response, ms] = await timed(
        clock,
        fakeHandler({ live: live(() => answer), deadlines, clock }).get(`opam/default/${wanted}`),
      );
      expect(response.status).toBe(503);
      const deadline = wanted === "index.tar.gz" ? deadlines.tarball : deadlines.metadata;
      expect(ms).toBeGreaterThanOrEqual(deadline - 25);
      expect(ms).toBeLessThanOrEqual(deadline + 25);
      expect(response.headers.get("retry-after")).toBe(wanted === "index.tar.gz" ? "5" : retryAfter);
      expect(await response.json()).toMatchObject({ code: "not-ready", status: 503 });
    }
  });

  test("a sync worker that never answers, or fails, holds nothing up", async () => {
    const silent: Live = { answer: () => new Promise(() => {}) };
    const broken: Live = { answer: () => Promise.reject(new Error("port closed")) };
    for (const port of [silent, broken]) {
      const clock = new StillClock();
      const [response, ms] = await timed(clock, fakeHandler({ live: port, deadlines, clock }).get(url));
      expect(response.status).toBe(503);
      // What a question to the clone in progress may take beyond its deadline comes on top.
      expect(ms).toBeLessThanOrEqual(deadlines.metadata + 250);
      const relay = upstream("from upstream");
      const helped = await fakeHandler({ live: port, upstream: relay, deadlines: { metadata: 15_000 } }).get(url);
      expect(await helped.text()).toBe("from upstream");
    }
  });

  test("upstream helps with what has not arrived, and its 404 is not believed", async () => {
    const pending = live(() => ({ type: "pending", secondsLeft: 3 }));
    const helped = await fakeHandler({ live: pending, upstream: upstream("from upstream"), deadlines }).get(url);
    expect(helped.status).toBe(200);
    expect(helped.headers.get("x-opam-source")).toBe("upstream");
    expect(helped.headers.get("etag")).toBe(`"${blobOid(encode("from upstream"))}"`);
    const not = await fakeHandler({ live: pending, upstream: upstream(null), deadlines }).get(url);
    expect(not.status).toBe(503);
  });

  test("an upstream that never answers is aborted", async () => {
    const aborted = vi.fn();
    const hanging: Upstream = {
      fetch: (_, __, signal) => new Promise(() => signal.addEventListener("abort", aborted)),
    };
    expect((await fakeHandler({ upstream: hanging, deadlines }).get(url)).status).toBe(503);
    expect(aborted).toHaveBeenCalledOnce();
  });

  test("a snapshot published meanwhile answers, also with 404", async () => {
    for (const [wanted, status] of [
      [path, 200],
      ["packages/none/none.1/opam", 404],
    ] as const) {
      const clock = new StillClock();
      const openSnapshot = async () => (clock.time < 50 ? null : fakeSnapshot({ [path]: "published" }));
      const { get } = fakeHandler({ openSnapshot, deadlines, clock });
      const [response, ms] = await timed(clock, get(`opam/default/${wanted}`));
      expect(response.status).toBe(status);
      expect(ms).toBeLessThan(100);
    }
  });

  test("index.tar.gz is held until the snapshot is there", async () => {
    let looks = 0;
    const openSnapshot = async () => (++looks < 4 ? null : fakeSnapshot({ [path]: "published" }));
    const response = await fakeHandler({ openSnapshot }).get("opam/default/index.tar.gz");
    expect(response.status).toBe(200);
  });

  test("a request without a sync asks for one, but a flood asks once", async () => {
    const { get, updates } = fakeHandler({ live: live(() => ({ type: "idle" })), deadlines });
    await Promise.all(Array.from({ length: 20 }, () => get(url)));
    expect(updates).toEqual(["default"]);
  });

  test("an emptied database is 503, an unknown repository beside others 404", async () => {
    const emptied = fakeHandler({ store: fakeStore([]), deadlines });
    expect((await emptied.get(url)).status).toBe(503);
    expect(emptied.updates).toEqual(["default"]);
    const other = await fakeHandler({ deadlines }).get("opam/other/repo");
    expect(other.status).toBe(404);
    expect(await other.json()).toMatchObject({ code: "unknown-repository" });
  });

  test("a repository that is configured between two looks at the store is never unknown", async () => {
    const full = fakeStore();
    // The first question for the record comes a moment too early, the list has it.
    let asked = 0;
    const store = { ...full, repository: async (name: string) => (asked++ === 0 ? undefined : full.repository(name)) };
    const response = await fakeHandler({ store, deadlines }).get(url);
    expect(response.status).toBe(503);
    expect(asked).toBeGreaterThan(0);
  });
});
