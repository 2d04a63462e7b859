import { describe, expect, test } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { EngineStatus } from "../../src/protocol/messages.ts";
import type { RepositoryStatus, Status } from "../../src/protocol/status.ts";
import { encode, fakeHandler, fakeSnapshot, fakeStore, sha } from "../support/fake-snapshot.ts";
import { StillClock } from "../support/still-clock.ts";

const path = "packages/demo/demo.1.0/opam";
const url = `opam/default/${path}`;
const files = { repo: 'opam-version: "2.0"\n', version: "1\n", [path]: "demo" };
const indexing = (on: boolean): EngineStatus => ({
  repositories: [
    {
      name: "default",
      state: on ? "syncing" : "ready",
      phase: on ? "index" : null,
      archives: { known: 7, active: [], failed: [] },
    } as unknown as RepositoryStatus,
  ],
  availability: { longestGapMs: 3, requests: 4, p50Ms: 1, p99Ms: 2 },
});

describe("a snapshot that is damaged or lost", () => {
  test.each(["open", "read"])("is 503 with Retry-After, and asks for a sync: %s", async (where) => {
    const lost = new MirrorError("store-lost", { reason: "test" });
    const snapshot = fakeSnapshot(files);
    snapshot.failure = lost;
    const { get, updates } = fakeHandler(
      where === "open" ? { openSnapshot: () => Promise.reject(lost) } : { snapshot },
    );
    const response = await get(url);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ code: "store-lost" });
    expect(updates).toEqual(["default"]);
  });

  test("a store that never answers is 503 at the deadline", async () => {
    const { get } = fakeHandler({ openSnapshot: () => new Promise(() => {}), deadlines: { metadata: 50 } });
    const response = await get(url);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "deadline" });
  });

  test("an unexpected error is a problem too, and never a rejection", async () => {
    const { get } = fakeHandler({ openSnapshot: () => Promise.reject(new TypeError("oops")) });
    const response = await get(url);
    expect(response.status).toBe(500);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.json()).toMatchObject({ code: "internal" });
  });
});

describe("index.tar.gz", () => {
  test("is built once for a flood, stored, and served from the store afterwards", async () => {
    const snapshot = fakeSnapshot(files);
    const store = fakeStore();
    const { get } = fakeHandler({ snapshot, store });
    const answers = await Promise.all(Array.from({ length: 10 }, () => get("opam/default/index.tar.gz")));
    const bodies = await Promise.all(answers.map(async (answer) => sha("sha256", await answer.bytes())));
    expect(new Set(bodies).size).toBe(1);
    expect(answers[0]!.headers.get("etag")).toBe(`"${bodies[0]}"`);
    expect(store.tarballs.get("default-1")?.sha256).toBe(bodies[0]);
    const reads = snapshot.reads;
    const again = fakeHandler({ snapshot, store });
    expect((await again.get("opam/default/index.tar.gz")).headers.get("etag")).toBe(`"${bodies[0]}"`);
    expect(snapshot.reads).toBe(reads);
  });

  test("is built again when the stored bytes are damaged", async () => {
    const store = fakeStore();
    store.tarballs.set("default-1", {
      schema: 1,
      snapshot: "default-1",
      bytes: new Blob(["damaged"]),
      sha256: "0".repeat(64),
    });
    const response = await fakeHandler({ snapshot: fakeSnapshot(files), store }).get("opam/default/index.tar.gz");
    expect(response.status).toBe(200);
    expect(response.headers.get("etag")).toBe(`"${sha("sha256", await response.bytes())}"`);
  });

  test("waits for the sync that is building it", async () => {
    const store = fakeStore();
    const snapshot = fakeSnapshot(files);
    const bytes = encode("from the sync");
    let busy = true;
    void systemClock.sleep(150).then(() => {
      store.tarballs.set("default-1", {
        schema: 1,
        snapshot: "default-1",
        bytes: new Blob([bytes]),
        sha256: sha("sha256", bytes),
      });
      busy = false;
    });
    const response = await fakeHandler({ snapshot, store, engineStatus: async () => indexing(busy) }).get(
      "opam/default/index.tar.gz",
    );
    expect(await response.text()).toBe("from the sync");
    expect(snapshot.reads).toBe(0);
  });

  test("is 503 at its deadline", async () => {
    const { get } = fakeHandler({
      snapshot: fakeSnapshot(files),
      engineStatus: async () => indexing(true),
      deadlines: { tarball: 120 },
    });
    const response = await get("opam/default/index.tar.gz");
    expect(response.status).toBe(503);
    expect(response.headers.has("retry-after")).toBe(true);
  });
});

describe("status", () => {
  const statusOf = async (given: Parameters<typeof fakeHandler>[0]): Promise<[Status]> => {
    const response = await fakeHandler(given).get("opam/default/status");
    expect(response.status).toBe(200);
    return [(await response.json()) as Status];
  };

  test("says what the store knows when there is no engine", async () => {
    const [status] = await statusOf({ snapshot: fakeSnapshot(files) });
    expect(status).toMatchObject({
      version: "0.1.0",
      repositories: [
        {
          name: "default",
          state: "ready",
          phase: null,
          commit: "97014be61691efb695da5de8e860cba5d74fa1f5",
          committedAt: "2023-11-14T22:13:20.000Z",
          packages: 2,
          versions: 3,
          branch: "master",
        },
      ],
      storage: { usageBytes: 1, quotaBytes: 2, persisted: false },
    });
  });

  test("is empty before anything happened, and error when the snapshot is lost", async () => {
    expect((await statusOf({}))[0].repositories[0]).toMatchObject({ state: "empty", commit: null, packages: 0 });
    const openSnapshot = () => Promise.reject(new MirrorError("store-lost", { reason: "test" }));
    expect((await statusOf({ openSnapshot }))[0].repositories[0]).toMatchObject({ state: "error" });
  });

  test("is overlaid with what the engine says", async () => {
    const [status] = await statusOf({ snapshot: fakeSnapshot(files), engineStatus: async () => indexing(true) });
    expect(status.repositories[0]).toMatchObject({ state: "syncing", phase: "index", versions: 3 });
    expect(status.availability.longestGapMs).toBe(3);
  });

  test("answers within 100 ms when the engine is silent, with its last answer while that is fresh", async () => {
    let silent = false;
    const engineStatus = () => (silent ? new Promise<null>(() => {}) : Promise.resolve(indexing(true)));
    const { get } = fakeHandler({ snapshot: fakeSnapshot(files), engineStatus });
    await get("opam/default/status");
    silent = true;
    // The best of three: what is limited is the waiting, not how busy the machine is.
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const started = performance.now();
      const status = (await (await get("opam/default/status")).json()) as Status;
      times.push(performance.now() - started);
      expect(status.repositories[0]!.state).toBe("syncing");
    }
    expect(Math.min(...times)).toBeLessThan(100);
    const [fresh] = await statusOf({
      snapshot: fakeSnapshot(files),
      engineStatus: () => new Promise(() => {}),
    });
    expect(fresh.repositories[0]!.state).toBe("ready");
  });

  test("waits for the store until it has answered once: to name no repository would be wrong, and not old", async () => {
    const store = fakeStore();
    const records = await store.repositories();
    const late: ((found: typeof records) => void)[] = [];
    const clock = new StillClock();
    const slow = { ...store, repositories: () => new Promise<typeof records>((resolve) => void late.push(resolve)) };
    const { get } = fakeHandler({ store: slow, clock });
    const namesAfter = async (ms: number) => {
      let names: string[] | null = null;
      void get("opam/default/status").then(async (response) => {
        names = ((await response.json()) as Status).repositories.map(({ name }) => name);
      });
      await clock.pass(ms, 20);
      return names;
    };
    expect(await namesAfter(900)).toBeNull();
    await clock.pass(2_000, 100);
    expect(await namesAfter(900)).toBeNull();
    for (const settle of late) settle(records);
    expect(await namesAfter(100)).toEqual(["default"]);
    expect(await namesAfter(100)).toEqual(["default"]);
  });

  test("survives an engine that fails", async () => {
    const [status] = await statusOf({
      snapshot: fakeSnapshot(files),
      engineStatus: () => Promise.reject(new Error("gone")),
    });
    expect(status.repositories[0]!.state).toBe("ready");
  });

  test("an older remote is accepted by POST and a flag", async () => {
    const orders: unknown[] = [];
    const { get } = fakeHandler({ startUpdate: async (_name, order) => void orders.push(order) });
    await get("opam/default/update?older=accept", { method: "POST" });
    await get("opam/default/update?older=accept");
    await get("opam/default/update?older=no", { method: "POST" });
    expect(orders).toEqual([{ acceptOlder: true }, {}, {}]);
  });

  test("an update that cannot start says so", async () => {
    const failing = fakeHandler({
      startUpdate: () => Promise.reject(new MirrorError("peer-gone", { peer: "sync worker" })),
    });
    expect((await failing.get("opam/default/update")).status).toBe(503);
    const hanging = fakeHandler({ startUpdate: () => new Promise(() => {}) });
    expect((await hanging.get("opam/default/update")).status).toBe(202);
  });
});

test("every answer is metered", async () => {
  const measured: number[] = [];
  const { get } = fakeHandler({ snapshot: fakeSnapshot(files), onAnswered: (ms) => measured.push(ms) });
  await get(url);
  await get("opam/default/packages/none");
  expect(measured).toHaveLength(2);
});
