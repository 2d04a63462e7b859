import { describe, expect, it } from "vitest";
import { defaultTimes, Schedule } from "../../src/client/schedule.ts";
import { type ErrorCode, MirrorError } from "../../src/core/errors.ts";
import type { LastSync, RepositoryStatus } from "../../src/protocol/status.ts";
import { repositoryStatus } from "../support/fake-mirror.ts";
import { StillClock } from "../support/still-clock.ts";

const minute = 60_000;
const hour = 60 * minute;

/** A tab, the one repository that it knows, and when that was synced. */
class Tab {
  readonly clock = new StillClock(Date.parse("2026-08-27T12:00:00Z"));
  readonly synced: number[] = [];
  readonly end = new AbortController();
  leads = true;
  /** What the next syncs end with. */
  outcome: LastSync["error"] = null;
  repository: RepositoryStatus = repositoryStatus({ lastSync: null });
  readonly schedule = new Schedule(
    this.clock,
    defaultTimes,
    () => [this.repository],
    () => this.sync(),
  );

  constructor() {
    void this.schedule.run(() => this.leads, this.end.signal);
  }

  sync(): void {
    this.synced.push(this.clock.time);
    const startedAt = new Date(this.clock.wall()).toISOString();
    const lastSync = { startedAt, durationMs: 80, changedFiles: 0, error: this.outcome };
    this.repository = { ...this.repository, lastSync };
  }
}

function failure(code: ErrorCode): LastSync["error"] {
  const data = { remote: "r", reason: "down", commit: "", date: "", servedCommit: "", servedDate: "" };
  return new MirrorError(code, data as never).toJSON();
}

/** Milliseconds between the syncs, to the half minute that the schedule looks at the date. */
const gaps = (times: readonly number[]) => times.slice(1).map((at, i) => at - times[i]!);

describe("the schedule", () => {
  it("syncs hourly, by the wall clock", async () => {
    const tab = new Tab();
    tab.sync();
    await tab.clock.pass(5 * hour + minute, 10_000);
    expect(gaps(tab.synced)).toEqual([hour, hour, hour, hour, hour]);
  });

  it("is late by half a minute at most after the machine slept", async () => {
    const tab = new Tab();
    tab.sync();
    await tab.clock.pass(10 * minute, 10_000);
    // Timers stand still while a machine sleeps; here they fire once, at the end.
    await tab.clock.pass(9 * hour, 9 * hour);
    expect(tab.synced).toHaveLength(2);
  });

  it("leaves it to the tab that leads", async () => {
    const tab = new Tab();
    tab.leads = false;
    await tab.clock.pass(3 * hour, 10_000);
    expect(tab.synced).toEqual([]);
    tab.leads = true;
    await tab.clock.pass(minute, 10_000);
    expect(tab.synced).toHaveLength(1);
  });

  it("counts the syncs of other tabs, and those that were asked for", async () => {
    const tab = new Tab();
    tab.sync();
    for (let i = 0; i < 6; i++) {
      await tab.clock.pass(40 * minute, 10_000);
      tab.sync();
    }
    expect(tab.synced).toHaveLength(7);
  });

  it("does not ask while a sync runs", async () => {
    const tab = new Tab();
    tab.repository = repositoryStatus({ state: "syncing", lastSync: null });
    await tab.clock.pass(2 * hour, 10_000);
    tab.schedule.becameVisible();
    tab.schedule.cameOnline();
    expect(tab.synced).toEqual([]);
  });

  it("tries again ten minutes after a failure, but not when the remote is older", async () => {
    const tab = new Tab();
    tab.outcome = failure("remote-unreachable");
    tab.sync();
    await tab.clock.pass(31 * minute, 10_000);
    expect(gaps(tab.synced)).toEqual([10 * minute, 10 * minute, 10 * minute]);
    tab.outcome = failure("remote-older");
    await tab.clock.pass(2 * hour, 10_000);
    expect(gaps(tab.synced).slice(3)).toEqual([10 * minute, hour]);
  });

  it("syncs when a tab becomes visible, once in five minutes", async () => {
    const tab = new Tab();
    tab.leads = false;
    tab.schedule.becameVisible();
    expect(tab.synced).toHaveLength(1);
    await tab.clock.pass(4 * minute, 10_000);
    tab.outcome = failure("remote-unreachable");
    tab.schedule.becameVisible();
    expect(tab.synced).toHaveLength(1);
    await tab.clock.pass(minute, 10_000);
    tab.schedule.becameVisible();
    tab.schedule.becameVisible();
    expect(tab.synced).toHaveLength(2);
  });

  it("syncs when the network comes back, at once after a failure", async () => {
    const tab = new Tab();
    tab.sync();
    await tab.clock.pass(minute, 10_000);
    tab.schedule.cameOnline();
    expect(tab.synced).toHaveLength(1);
    tab.outcome = failure("remote-unreachable");
    tab.sync();
    tab.outcome = null;
    await tab.clock.pass(1_000);
    tab.schedule.cameOnline();
    tab.schedule.cameOnline();
    expect(tab.synced).toHaveLength(3);
    await tab.clock.pass(6 * minute, 10_000);
    tab.schedule.cameOnline();
    expect(tab.synced).toHaveLength(4);
  });

  it("does not wait for a date that the clock, set back, has yet to reach", async () => {
    const tab = new Tab();
    const startedAt = new Date(tab.clock.wall() + 10 * hour).toISOString();
    tab.repository = repositoryStatus({ lastSync: { startedAt, durationMs: 1, changedFiles: 0, error: null } });
    await tab.clock.pass(minute, 10_000);
    expect(tab.synced).toHaveLength(1);
  });

  it("ends with its signal", async () => {
    const tab = new Tab();
    tab.end.abort();
    await tab.clock.pass(2 * hour, 10_000);
    expect(tab.synced).toEqual([]);
  });
});
