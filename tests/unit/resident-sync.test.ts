import { describe, expect, it } from "vitest";
import type { UpdateOrder } from "../../src/protocol/messages.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import type { RepositoryRecord } from "../../src/store/records.ts";
import type { SyncEngine } from "../../src/sync/engine.ts";
import type { StartedEngine } from "../../src/worker/engine-start.ts";
import { ResidentSync } from "../../src/worker/resident-sync.ts";
import { sampleConfig } from "../contract/store-samples.ts";
import { FakeLocks } from "../support/fake-locks.ts";
import { raceRepeats } from "../support/races.ts";
import { StillClock } from "../support/still-clock.ts";

const leaderLock = "leader";

/** A service worker's surroundings, and what its engine is asked to do. */
class Surroundings {
  readonly clock = new StillClock();
  readonly locks = new FakeLocks();
  readonly done: string[] = [];
  readonly told: string[] = [];
  pages = false;
  answers = true;
  failure: Error | null = null;
  records: Partial<RepositoryRecord>[] = [{ name: "default", epoch: 0 }];
  /** Ends the syncs that run. */
  finish: () => void = () => undefined;
  readonly sync = new ResidentSync({
    clock: this.clock,
    locks: this.locks as unknown as LockManager,
    leaderLock,
    repositories: async () => this.records.map((record) => ({ config: sampleConfig("default"), ...record }) as never),
    tell: (repository, _order, id) => void this.told.push(`${repository} ${id}`),
    leaderAnswers: async () => this.answers,
    hasPages: async () => this.pages,
    start: async () => this.start(),
    engineChanged: (engine) => void this.done.push(engine === null ? "without an engine" : "with an engine"),
  });

  start(): StartedEngine {
    if (this.failure !== null) throw this.failure;
    this.done.push("started");
    const idle = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    const engine = {
      update: async (repository: string, order: UpdateOrder) => {
        this.done.push(`update ${repository}${order.acceptOlder ? ", older accepted" : ""}`);
      },
      idle: () => idle,
      close: async () => {
        this.done.push("aborted");
        this.finish();
      },
    };
    return {
      engine: engine as unknown as SyncEngine,
      store: createMemoryStore(),
      close: async () => void this.done.push("closed"),
    };
  }

  /** Holds the leader lock, as a tab does, until the returned function is called. */
  lead(): { leave: () => void; lost: Promise<boolean> } {
    let leave = () => {};
    const held = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const lost = this.locks
      .request(leaderLock, {}, () => held)
      .then(
        () => false,
        () => true,
      );
    return { leave, lost };
  }

  async isLed(): Promise<boolean> {
    return (await this.locks.query()).held?.length === 1;
  }
}

const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a sync without a page", { repeats: raceRepeats }, () => {
  it("runs under the leader lock, and lets go of everything afterwards", async () => {
    const around = new Surroundings();
    around.sync.update("default", { acceptOlder: true });
    expect(around.sync.busy).toBe(true);
    await turns();
    expect(around.done).toEqual(["started", "with an engine", "update default, older accepted"]);
    expect(await around.isLed()).toBe(true);
    // A wish that comes meanwhile is the same engine's.
    around.sync.update("default");
    around.finish();
    await around.sync.rest();
    expect(around.done.slice(3)).toEqual(["update default", "without an engine", "closed"]);
    expect([around.sync.busy, await around.isLed()]).toEqual([false, false]);
  });

  it("is a tab's business when one leads and answers", async () => {
    const around = new Surroundings();
    const { leave } = around.lead();
    around.sync.update("default");
    await around.sync.rest();
    expect(around.done).toEqual([]);
    // At once, and again when the tab is known to answer: one order.
    expect(around.told).toHaveLength(2);
    expect(new Set(around.told).size).toBe(1);
    leave();
  });

  it("takes the lead from one that does not answer", async () => {
    const around = new Surroundings();
    const { lost } = around.lead();
    around.answers = false;
    around.sync.update("default");
    expect(await lost).toBe(true);
    await turns();
    expect(around.done).toContain("update default");
    around.finish();
    await around.sync.rest();
  });

  it("waits a second for a page that is about to lead", async () => {
    const around = new Surroundings();
    around.pages = true;
    around.sync.update("default");
    await around.clock.pass(900, 50);
    expect(around.done).toEqual([]);
    const { leave } = around.lead();
    await around.clock.pass(1_000, 50);
    await around.sync.rest();
    expect(around.done).toEqual([]);
    expect(around.told.length).toBeGreaterThan(1);
    leave();
    await turns();
    around.sync.update("default");
    await around.clock.pass(1_100, 50);
    expect(around.done).toContain("started");
    around.finish();
    await around.sync.rest();
  });

  it("stops when the lead is taken away", async () => {
    const around = new Surroundings();
    around.sync.update("default");
    await turns();
    void around.locks.request(leaderLock, { steal: true }, () => new Promise(() => {})).catch(() => undefined);
    await around.sync.rest();
    expect(around.done.slice(3)).toEqual(["aborted", "without an engine", "closed"]);
  });

  it("is tried again at the next wish when the engine could not start", async () => {
    const around = new Surroundings();
    around.failure = new Error("no database");
    around.sync.update("default");
    await around.sync.rest();
    expect([around.done, await around.isLed()]).toEqual([[], false]);
    around.failure = null;
    around.sync.update("default");
    await turns();
    expect(around.done).toContain("update default");
    around.finish();
    await around.sync.rest();
  });

  it("goes on with what was interrupted, unless that was so three times, or a tab leads", async () => {
    for (const [record, led, expected] of [
      [{ name: "default", epoch: 0 }, false, 0],
      [{ name: "default", epoch: 1 }, false, 1],
      [{ name: "default", epoch: 9, ended: 9 }, false, 0],
      [{ name: "default", epoch: 9, ended: 8 }, false, 1],
      [{ name: "default", epoch: 9, ended: 6 }, false, 1],
      [{ name: "default", epoch: 9, ended: 5 }, false, 0],
      [{ name: "default", epoch: 9, ended: 8 }, true, 0],
    ] as const) {
      const around = new Surroundings();
      around.records = [record];
      if (led) around.lead();
      expect(around.sync.looked).toBe(false);
      await around.sync.resume();
      await turns();
      expect(
        around.done.filter((line) => line === "update default"),
        JSON.stringify(record),
      ).toHaveLength(expected);
      around.finish();
      await around.sync.rest();
      await around.sync.resume();
      await turns();
      expect(around.sync.busy).toBe(false);
    }
  });

  it("goes on with what a tab was doing when it ended, whenever that was", async () => {
    const around = new Surroundings();
    const { leave } = around.lead();
    around.records = [{ name: "default", epoch: 3, ended: 2 }];
    await around.sync.resume();
    leave();
    await turns();
    // Not at every request: the last look was a moment ago.
    expect(around.sync.looked).toBe(true);
    await around.sync.resume();
    await turns();
    expect(around.done).toEqual([]);
    await around.clock.pass(5_000, 500);
    expect(around.sync.looked).toBe(false);
    await around.sync.resume();
    await turns();
    expect(around.done).toContain("update default");
    around.finish();
    await around.sync.rest();
  });
});
