import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExperimentEnd } from "../../src/client/experiment-process.ts";
import type { YieldPolicy } from "../../src/core/cooperation/slice.ts";
import { MirrorError } from "../../src/core/errors.ts";
import { Experiment } from "../../src/dashboard/model/experiment.ts";
import type { CloneRun } from "../../src/dashboard/model/experiment-clone.ts";
import { finding, tooSmallToTell } from "../../src/dashboard/model/experiment-words.ts";
import { type Area, latencyAxis, marks, place, roomFor, timeAxis } from "../../src/dashboard/model/latency-plot.ts";
import { LatencyRecord, summarise } from "../../src/dashboard/model/latency-record.ts";
import { systemClock } from "../../src/platform/clock.ts";

const area: Area = { left: 50, right: 650, top: 20, bottom: 120 };
const duration = fc.double({ min: 0, max: 600_000, noNaN: true });

describe("what a run records", () => {
  it("counts a question without an answer by the time it has waited", () => {
    const record = new LatencyRecord(100);
    const first = record.ask(100);
    const second = record.ask(110);
    record.answer(first, 103);
    record.answer(first, 900);
    record.answer(77, 105);
    expect(record.pending).toBe(1);
    expect(record.samples(2_110)).toEqual([
      { at: 0, ms: 3, answered: true },
      { at: 10, ms: 2_000, answered: false },
    ]);
    expect(summarise(record.samples(2_110))).toMatchObject({ asked: 2, answered: 1, maxMs: 2_000 });
    record.answer(second, 2_111);
    expect(record.pending).toBe(0);
  });

  it("has percentiles that are among the samples and in order", () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (times) => {
        const { p50Ms, p99Ms, maxMs } = summarise(times.map((ms) => ({ at: 0, ms, answered: true })));
        expect(times).toContain(p50Ms);
        expect(times).toContain(p99Ms);
        expect(p50Ms <= p99Ms && p99Ms <= maxMs).toBe(true);
        expect(times.filter((ms) => ms <= p50Ms).length * 2).toBeGreaterThanOrEqual(times.length);
      }),
    );
    expect(summarise([])).toEqual({ asked: 0, answered: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });
});

describe("the plot", () => {
  it("has axes that hold every sample, with round ticks inside", () => {
    fc.assert(
      fc.property(duration, duration, (at, ms) => {
        const [time, latency] = [timeAxis(at, 5), latencyAxis(ms)];
        expect(time.end).toBeGreaterThanOrEqual(at);
        expect(latency.end).toBeGreaterThanOrEqual(ms);
        for (const { value } of time.ticks) expect(value).toBeLessThanOrEqual(time.end + 1e-6);
        expect(time.ticks.length).toBeGreaterThanOrEqual(2);
        expect(time.ticks.length).toBeLessThanOrEqual(7);
        const { x, y } = place({ at, ms }, time, latency, area);
        expect(x >= area.left && x <= area.right && y >= area.top && y <= area.bottom).toBe(true);
      }),
    );
  });

  it("puts each decade the same distance above the last, and what is faster than the clock on the base line", () => {
    const [time, latency] = [timeAxis(2_000, 5), latencyAxis(800)];
    const y = (ms: number) => place({ at: 0, ms }, time, latency, area).y;
    expect([y(0), y(0.2), y(1)]).toEqual([120, 120, 120]);
    expect(y(1) - y(10)).toBeCloseTo(y(10) - y(100));
    expect(latency.ticks.map(({ label }) => label)).toEqual(["1\u00a0ms", "10\u00a0ms", "100\u00a0ms", "1\u00a0s"]);
    expect(time.ticks.map(({ label }) => label)).toEqual(["0", "0.5\u00a0s", "1\u00a0s", "1.5\u00a0s", "2\u00a0s"]);
  });

  it("draws a stem as high as the slowest of its column, and no dot for what is not answered", () => {
    const [time, latency] = [timeAxis(1_000, 5), latencyAxis(50)];
    const samples = [
      { at: 500, ms: 100, answered: false },
      { at: 500, ms: 10, answered: true },
      { at: 500.01, ms: 10, answered: true },
    ];
    expect(marks(samples, time, latency, area)).toEqual({ stems: "M350 120V20", dots: "M350 70h0" });
  });

  it("draws no more than there are places, however long the run", () => {
    const samples = Array.from({ length: 60_000 }, (_, id) => ({ at: id * 10, ms: 2 + (id % 7), answered: true }));
    const { stems } = marks(samples, timeAxis(600_000, 5), latencyAxis(8), area);
    expect(stems.split("M").length - 1).toBeLessThanOrEqual(2 * (area.right - area.left) + 1);
  });

  it("grows in steps while a run goes on", () => {
    expect([0, 2_000, 2_001, 2_900, 3_001].map(roomFor)).toEqual([2_000, 2_000, 3_000, 3_000, 4_500]);
  });
});

describe("the finding", () => {
  const measured = (policy: YieldPolicy, maxMs: number, durationMs: number) => ({
    policy,
    durationMs,
    summary: { asked: 100, answered: 100, p50Ms: 1, p99Ms: maxMs, maxMs },
  });
  const plain = (text: string | null) => text?.replaceAll("\u00a0", " ");

  it("says the waits and the times, of as many runs as there were", () => {
    expect(plain(finding([measured("never", 1_620, 2_400), measured("budget", 17.2, 1_900)]))).toBe(
      "The longest wait was 1.6 s when it never gives way and 17 ms with a time budget. The clone took 2.4 s and 1.9 s in this order.",
    );
    expect(plain(finding([measured("every", 9, 3_000)]))).toBe(
      "The longest wait was 9 ms with a pause after every object. The clone took 3 s.",
    );
    expect(finding([])).toBeNull();
  });

  it("knows when a repository is too small to show anything", () => {
    expect(tooSmallToTell([measured("never", 40, 60), measured("budget", 6, 70)])).toBe(true);
    expect(tooSmallToTell([measured("never", 40, 60), measured("every", 6, 2_000)])).toBe(false);
    expect(tooSmallToTell([])).toBe(false);
  });
});

describe("an experiment", () => {
  const end: ExperimentEnd = { durationMs: 30, longestGapMs: 4, pauses: 7, objects: 12, bytes: 900 };
  const experiment = (clone: CloneRun, hidden = () => false) => new Experiment(systemClock, clone, hidden);
  const asked = (observer: Parameters<CloneRun>[1], ms: number) => {
    const record = new LatencyRecord(systemClock.now());
    record.answer(record.ask(0), ms);
    observer.begun(record);
  };
  const untilAborted: CloneRun = (_policy, _observer, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

  it("runs the chosen policies one after the other and keeps what they measured", async () => {
    const ran: YieldPolicy[] = [];
    let at = 0;
    const one = experiment(async (policy, observer) => {
      expect(++at).toBe(1);
      ran.push(policy);
      asked(observer, policy === "never" ? 900 : 5);
      await systemClock.sleep(3);
      at--;
      return end;
    });
    one.choose("every", false);
    await one.run();
    expect(ran).toEqual(["never", "budget"]);
    expect(one.trials.value.map(({ state }) => state)).toEqual(["done", "waiting", "done"]);
    expect(one.measured.map(({ summary }) => summary.maxMs)).toEqual([900, 5]);
    expect(one.said.value).toContain("longest wait");
    expect(one.running).toBe(false);
  });

  it("leaves out what was asked after the clone had ended", async () => {
    const one = experiment(async (_policy, observer) => {
      const record = new LatencyRecord(1_000);
      observer.begun(record);
      for (const [at, ms] of [
        [1_000, 8],
        [1_030, 9],
        [1_031, 500],
      ] as const)
        record.answer(record.ask(at), at + ms);
      return end;
    });
    await one.run();
    expect(one.measured[0]?.summary).toMatchObject({ asked: 2, maxMs: 9 });
  });

  it("stops in the middle, begins no further run and tells of no failure", async () => {
    const ran: YieldPolicy[] = [];
    const one = experiment((policy, observer, signal) => {
      ran.push(policy);
      asked(observer, 1);
      return policy === "never" ? Promise.resolve(end) : untilAborted(policy, observer, signal);
    });
    const running = one.run();
    while (ran.length < 2) await systemClock.sleep(1);
    await one.run();
    one.stop();
    await running;
    expect(ran).toEqual(["never", "every"]);
    expect(one.trials.value.map(({ state }) => state)).toEqual(["done", "stopped", "waiting"]);
    expect(one.failure.value).toBeNull();
    expect(one.running).toBe(false);
  });

  it("says why a run failed, keeps the runs before it, and can be tried again", async () => {
    let broken = true;
    const one = experiment(async (policy, observer) => {
      asked(observer, 2);
      if (policy === "every" && broken) {
        throw new MirrorError("remote-unreachable", { remote: "https://git.example/r.git", reason: "no connection" });
      }
      return end;
    });
    await one.run();
    expect(one.failure.value).toMatchObject({ code: "remote-unreachable" });
    expect(one.trials.value.map(({ state }) => state)).toEqual(["done", "failed", "waiting"]);
    broken = false;
    await one.run();
    expect(one.failure.value).toBeNull();
    expect(one.measured).toHaveLength(3);
  });

  it("does nothing when nothing is chosen, and marks runs during which the page was hidden", async () => {
    let runs = 0;
    let hidden = false;
    const one = experiment(
      async (_policy, observer) => {
        runs++;
        hidden = true;
        asked(observer, 1);
        return end;
      },
      () => hidden,
    );
    for (const { policy } of one.trials.value) one.choose(policy, false);
    await one.run();
    expect(runs).toBe(0);
    one.choose("budget", true);
    await one.run();
    expect(one.trials.value.map((trial) => trial.hidden)).toEqual([false, false, true]);
  });
});
