import { describe, expect, it } from "vitest";
import { Channel } from "../../src/core/cooperation/channel.ts";
import { withDeadline } from "../../src/core/cooperation/deadline.ts";
import { AvailabilityMeter } from "../../src/core/cooperation/meter.ts";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { macrotask } from "../support/node-mirror.ts";
import { StillClock } from "../support/still-clock.ts";

describe("Slice", () => {
  it("is due after its length, or half of it while the code is cold, and its clock restarts only at its own pause", async () => {
    const clock = new StillClock();
    const slice = new Slice(clock, () => Promise.resolve(), 4);
    for (let pauses = 0; pauses < 60; pauses++) {
      const length = pauses < 40 ? 2 : 4;
      clock.time += length - 0.5;
      expect(slice.due()).toBe(false);
      await Promise.resolve();
      clock.time += 0.5;
      expect(slice.due()).toBe(true);
      await slice.pause();
      expect(slice.pauses).toBe(pauses + 1);
    }
  });

  it("is never due, or always, under the policies of the experiment", () => {
    const clock = new StillClock();
    const never = new Slice(clock, macrotask, 4, "never");
    clock.time = 1000;
    expect(never.due()).toBe(false);
    expect(new Slice(clock, macrotask, 4, "every").due()).toBe(true);
  });

  it("shares one pause between loops, of two turns while slices are short", async () => {
    let tasks = 0;
    const slice = new Slice(new StillClock(), () => Promise.resolve().then(() => void tasks++), 4);
    await Promise.all([slice.pause(), slice.pause(), slice.pause()]);
    expect(tasks).toBe(2);
    expect(slice.pauses).toBe(1);
    for (let pauses = 1; pauses < 50; pauses++) await slice.pause();
    expect(tasks).toBe(2 * 40 + 10);
  });

  it("rests after a slice that ended late, and takes short ones for a while", async () => {
    let tasks = 0;
    const clock = new StillClock();
    const slice = new Slice(clock, () => Promise.resolve().then(() => void tasks++), 4);
    for (let pauses = 0; pauses < 40; pauses++) await slice.pause();
    tasks = 0;
    clock.time += 6.1;
    const pausing = slice.pause();
    await macrotask();
    expect(tasks).toBe(0);
    clock.advance(1);
    await pausing;
    expect(tasks).toBe(2);
    clock.time += 2;
    expect(slice.due()).toBe(true);
    for (let pauses = 0; pauses < 5; pauses++) await slice.pause();
    clock.time += 3;
    expect(slice.due()).toBe(false);
  });

  it("rests for its length after each slice when nobody waits for what it is for", async () => {
    let tasks = 0;
    const clock = new StillClock();
    const slice = new Slice(clock, () => Promise.resolve().then(() => void tasks++), 4);
    slice.takeTime();
    for (let pauses = 0; pauses < 50; pauses++) {
      clock.time += 2;
      const pausing = slice.pause();
      await macrotask();
      clock.advance(3.9);
      await macrotask();
      expect(slice.pauses).toBe(pauses);
      clock.advance(0.1);
      await pausing;
    }
    expect(tasks).toBe(2 * 40 + 10);
  });

  // Node's macrotask is setImmediate: there a MessageChannel keeps timers waiting. In browsers it is the other way round, and
  // tests/availability proves it.
  it("lets timers in when it pauses", async () => {
    const slice = new Slice(systemClock, macrotask, 1);
    let timers = 0;
    const timer = setInterval(() => timers++, 1);
    // A loop without pauses would see no timer however long it ran.
    const end = performance.now() + 5000;
    while (performance.now() < end && timers <= 5) if (slice.due()) await slice.pause();
    clearInterval(timer);
    expect(timers).toBeGreaterThan(5);
  });

  it("lets no timer in where a loop awaits resolved promises instead: the fault that the slice is for", async () => {
    let timers = 0;
    const timer = setInterval(() => timers++, 1);
    const end = performance.now() + 60;
    while (performance.now() < end) await Promise.resolve();
    expect(timers).toBe(0);
    clearInterval(timer);
  });
});

describe("Channel", () => {
  it("delivers everything in order and holds a fast sender back", async () => {
    const channel = new Channel<number>(4);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 100; sent++) await channel.send(sent);
      channel.end();
    })();
    await macrotask();
    expect(sent).toBe(4);
    const received: number[] = [];
    for (let item = await channel.receive(); item !== undefined; item = await channel.receive()) {
      received.push(item);
      expect(sent - received.length).toBeLessThanOrEqual(5);
    }
    await sending;
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("tells both sides when one of them fails", async () => {
    const reason = new Error("broken");
    const full = new Channel<number>(1);
    await full.send(1);
    const waiting = full.send(2);
    full.fail(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(full.receive()).rejects.toBe(reason);
    const empty = new Channel<number>(1);
    const receiving = empty.receive();
    empty.fail(reason);
    await expect(receiving).rejects.toBe(reason);
  });
});

describe("withDeadline", () => {
  it("gives the result in time, and the failure otherwise", async () => {
    expect(await withDeadline(systemClock, Promise.resolve(7), 1000, () => new Error("late"))).toBe(7);
    await expect(withDeadline(systemClock, new Promise(() => {}), 5, () => new Error("late"))).rejects.toThrow("late");
    await expect(
      withDeadline(systemClock, Promise.reject(new Error("own")), 1000, () => new Error("late")),
    ).rejects.toThrow("own");
  });
});

describe("AvailabilityMeter", () => {
  it("sees a loop that holds the thread, and not a wait for the network", async () => {
    const meter = new AvailabilityMeter(systemClock, macrotask);
    // The shortest of five: a machine that is busy elsewhere makes gaps of its own.
    let idle = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const end = meter.start();
      await systemClock.sleep(80);
      end();
      idle = Math.min(idle, meter.read().longestGapMs);
    }
    expect(idle).toBeLessThan(50);
    const stop = meter.start();
    await systemClock.sleep(10);
    const end = performance.now() + 120;
    while (performance.now() < end) await Promise.resolve();
    await systemClock.sleep(10);
    stop();
    expect(meter.read().longestGapMs).toBeGreaterThan(100);
  });

  it("measures until the last of those that overlap has ended", async () => {
    const meter = new AvailabilityMeter(systemClock, macrotask);
    const stopFirst = meter.start();
    meter.answered(5);
    const stopSecond = meter.start();
    stopFirst();
    stopFirst();
    await systemClock.sleep(10);
    const end = performance.now() + 60;
    while (performance.now() < end) await Promise.resolve();
    await systemClock.sleep(10);
    stopSecond();
    expect(meter.read()).toMatchObject({ requests: 1, p50Ms: 5 });
    expect(meter.read().longestGapMs).toBeGreaterThan(50);
    meter.start()();
    expect(meter.read().requests).toBe(0);
  });

  it("ranks the latencies it is told", () => {
    const meter = new AvailabilityMeter(new StillClock(), () => new Promise(() => {}));
    for (let ms = 100; ms > 0; ms--) meter.answered(ms);
    expect(meter.read()).toMatchObject({ requests: 100, p50Ms: 51, p99Ms: 100 });
  });
});
