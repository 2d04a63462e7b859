import { describe, expect, it } from "vitest";
import { LeaderWatch, type Pace } from "../../src/client/leader-watch.ts";
import { raceRepeats } from "../support/races.ts";
import { StillClock } from "../support/still-clock.ts";

/** A follower that asks every 400 ms, and a leader that answers as long as it lives. */
function follower(pace: () => Pace = () => ({ everyMs: 400, patience: 3 })) {
  const clock = new StillClock();
  const end = new AbortController();
  const told = { asked: 0, silentAt: [] as number[], alive: true };
  const watch: LeaderWatch = new LeaderWatch(
    clock,
    () => {
      told.asked++;
      if (told.alive) watch.heard();
    },
    () => told.silentAt.push(clock.time),
  );
  void watch.run(pace, end.signal);
  return { clock, end, told, watch };
}

describe("the watch over the leader", { repeats: raceRepeats }, () => {
  it("stays calm while questions are answered, however late each answer", async () => {
    const { clock, told, watch } = follower();
    await clock.pass(60_000, 100);
    expect(told.asked).toBeGreaterThan(140);
    told.alive = false;
    for (let i = 0; i < 50; i++) {
      await clock.pass(800, 100);
      watch.heard();
    }
    expect(told.silentAt).toEqual([]);
  });

  it("notices silence within 1.6 s, wherever between two questions it began", async () => {
    for (let phase = 0; phase < 400; phase += 50) {
      const { clock, told } = follower();
      await clock.pass(4_000 + phase, 50);
      told.alive = false;
      await clock.pass(3_000, 50);
      const [first = Number.NaN] = told.silentAt;
      expect(first - (4_000 + phase)).toBeGreaterThanOrEqual(1_100);
      expect(first - (4_000 + phase)).toBeLessThanOrEqual(1_600);
    }
  });

  it("counts anew after it has spoken", async () => {
    const { clock, told } = follower();
    told.alive = false;
    await clock.pass(4_000, 100);
    expect(told.silentAt.slice(1).map((at, i) => at - told.silentAt[i]!)).toEqual([1_200, 1_200]);
  });

  it("takes its own sleep for no silence of the other", async () => {
    const { clock, told } = follower();
    await clock.pass(1_000, 100);
    told.alive = false;
    // All timers stood still meanwhile: one question was missed, not twenty thousand.
    clock.advance(8 * 3_600_000);
    await clock.pass(400, 100);
    told.alive = true;
    await clock.pass(10_000, 100);
    expect(told.silentAt).toEqual([]);
  });

  it("follows its pace, and ends with its signal", async () => {
    let pace: Pace = { everyMs: 20_000, patience: 3 };
    const { clock, end, told, watch } = follower(() => pace);
    await clock.pass(100_000, 1_000);
    expect(told.asked).toBe(6);
    pace = { everyMs: 400, patience: 3 };
    watch.hurry();
    await clock.pass(4_000, 100);
    expect(told.asked).toBe(16);
    end.abort();
    const { asked } = told;
    await clock.pass(30_000, 100);
    expect(told.asked).toBe(asked);
  });
});
