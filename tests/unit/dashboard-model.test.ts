import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { MirrorError } from "../../src/core/errors.ts";
import { textLimit } from "../../src/dashboard/format/preview.ts";
import { repositoryAddress, requestAddress } from "../../src/dashboard/model/address.ts";
import { advice } from "../../src/dashboard/model/advice.ts";
import { announcement } from "../../src/dashboard/model/announcement.ts";
import { probe } from "../../src/dashboard/model/probe.ts";
import { addSample, rateOf, type Sample, timeLeft } from "../../src/dashboard/model/rate.ts";
import { fetchHash, parseRoute } from "../../src/dashboard/model/route.ts";
import { overallFraction, stepState, steps } from "../../src/dashboard/model/steps.ts";
import type { SyncPhase } from "../../src/protocol/status.ts";
import { repositoryStatus, statusOf } from "../support/fake-mirror.ts";

const phases = steps.map((step) => step.phase);

describe("rate", () => {
  it("of a steady sync is its speed, whenever it is asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e7 }),
        fc.integer({ min: 50, max: 900 }),
        fc.integer({ min: 10, max: 60 }),
        (speed, every, count) => {
          let samples: readonly Sample[] = [];
          for (let index = 0; index <= count; index++) {
            const seconds = (index * every) / 1000;
            samples = addSample(samples, {
              at: index * every,
              phase: "receive",
              progress: { bytes: speed * seconds, objects: speed * seconds, totalObjects: 1e9 },
            });
          }
          const rate = rateOf(samples, count * every);
          expect(rate?.bytesPerSecond).toBeCloseTo(speed, 3);
          expect(samples.length).toBeLessThanOrEqual(4_000 / every + 3);
        },
      ),
    );
  });

  it("of a stalled sync goes down, and says nothing about the time left when nothing moves", () => {
    const progress = { bytes: 1_000, objects: 10, totalObjects: 100 };
    let samples = addSample([], { at: 0, phase: "receive", progress: { bytes: 0, objects: 0, totalObjects: 100 } });
    samples = addSample(samples, { at: 1_000, phase: "receive", progress });
    expect(rateOf(samples, 1_000)?.bytesPerSecond).toBe(1_000);
    expect(rateOf(samples, 10_000)?.bytesPerSecond).toBe(100);
    expect(timeLeft(progress, rateOf(samples, 1_000))).toBe(9_000);
    samples = addSample(samples, { at: 6_000, phase: "receive", progress });
    expect(timeLeft(progress, rateOf(samples, 6_000))).toBeNull();
  });

  it("begins anew with a phase and with a counter that went back", () => {
    const at = (ms: number, phase: string, objects: number): Sample => ({
      at: ms,
      phase,
      progress: { bytes: objects, objects, totalObjects: 9 },
    });
    const first = addSample([], at(0, "receive", 5));
    expect(addSample(first, at(900, "resolve", 6))).toHaveLength(1);
    expect(addSample(first, at(900, "receive", 4))).toHaveLength(1);
    expect(addSample(first, at(900, "receive", 6))).toHaveLength(2);
    expect(rateOf(first, 100)).toBeNull();
  });
});

describe("steps", () => {
  it("never go back while phases and counters go forward", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(120)), { minLength: 2 }), (moves) => {
        const fractions = moves
          .sort((a, b) => a[0] - b[0] || a[1] - b[1])
          .map(([index, objects]) =>
            overallFraction(
              repositoryStatus({
                state: "syncing",
                phase: phases[index] as SyncPhase,
                progress: { bytes: 0, objects, totalObjects: 100 },
              }),
            ),
          );
        for (let index = 1; index < fractions.length; index++)
          expect(fractions[index]).toBeGreaterThanOrEqual(fractions[index - 1]!);
        expect(Math.max(...fractions)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("before the running one are done, those after it wait", () => {
    expect(phases.map((_, index) => stepState(index, "resolve"))).toEqual([
      "done",
      "done",
      "running",
      "waiting",
      "waiting",
    ]);
    expect(phases.map((_, index) => stepState(index, null))).toEqual(Array(5).fill("waiting"));
  });
});

describe("announcements", () => {
  const receiving = repositoryStatus({
    state: "syncing",
    phase: "receive",
    progress: { bytes: 1, objects: 1, totalObjects: 9 },
  });
  it("say states and phases, not counters", () => {
    const further = { ...receiving, progress: { bytes: 5, objects: 5, totalObjects: 9 } };
    expect(announcement(statusOf([receiving]), statusOf([further]))).toBeNull();
    expect(announcement(statusOf([receiving]), statusOf([{ ...further, phase: "resolve" }]))).toBe(
      "default: Resolving deltas.",
    );
    expect(announcement(statusOf([receiving]), statusOf([repositoryStatus({})]))).toContain(
      "ready, 4,596 packages in 18,793 versions",
    );
  });
  it("of a failure is its sentence", () => {
    const error = new MirrorError("branch-missing", { remote: "https://example.org/x.git", branch: "main" }).toJSON();
    const failed = repositoryStatus({
      state: "error",
      lastSync: { startedAt: "2026-08-27T10:00:00Z", durationMs: 5, changedFiles: 0, error },
    });
    expect(announcement(statusOf([receiving]), statusOf([failed]))).toBe(`default: ${error.message}`);
  });
});

describe("addresses", () => {
  const base = "https://example.org/demo/";
  it("stay in the repository's folder, whatever is typed before the path", () => {
    expect(requestAddress(base, "default", " /repo")).toBe("https://example.org/demo/opam/default/repo");
    expect(requestAddress(base, "default", "//evil.example/x")).toBe(
      "https://example.org/demo/opam/default/evil.example/x",
    );
    expect(requestAddress(base, "default", "packages/a#b")).toBe(
      "https://example.org/demo/opam/default/packages/a%23b",
    );
    expect(repositoryAddress(base, "default")).toBe("https://example.org/demo/opam/default");
  });
  it("never change the origin", () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(new URL(requestAddress(base, "default", path)).origin).toBe("https://example.org");
      }),
    );
  });
});

describe("routes", () => {
  it("are read back from the hash they were written to", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (path) => {
        expect(parseRoute(fetchHash(path))).toEqual({ page: "fetch", rest: path });
      }),
    );
  });
  it("fall back to words, never to an exception", () => {
    expect(parseRoute("")).toEqual({ page: "mirror", rest: "" });
    expect(parseRoute("#/about")).toEqual({ page: "about", rest: "" });
    expect(parseRoute("#/%E0%A4%A").page).toBe("unknown");
  });
});

describe("advice", () => {
  const around = { secureContext: true, serviceWorker: true, indexedDb: true, online: true, host: "mirror.example" };
  const error = new MirrorError("internal", { reason: "x" }).toJSON();
  it("names the cause that the page can see, before the error", () => {
    expect(advice(error, { ...around, secureContext: false, serviceWorker: false }).why).toContain("plain http");
    expect(advice(error, { ...around, serviceWorker: false }).why).toContain("Private windows");
    expect(advice(error, { ...around, indexedDb: false }).why).toContain("IndexedDB");
    expect(advice(error, around).why).toBe(error.message);
  });
});

describe("probe", () => {
  const clock = { now: () => 0, wall: () => 0, sleep: () => Promise.resolve() };
  it("counts all bytes, keeps the head, and gives way", async () => {
    const slice = new Slice(clock, () => new Promise((resolve) => setImmediate(resolve)), 4, "every");
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (sent++ < 20 ? controller.enqueue(new Uint8Array(10_000).fill(0x61)) : controller.close()),
    });
    const response = new Response(body, { status: 503, headers: { "X-Opam-Source": "sync" } });
    const answer = await probe(
      "http://localhost/opam/default/repo",
      "GET",
      { fetch: () => Promise.resolve(response), clock, slice },
      new AbortController().signal,
    );
    expect([answer.size, answer.preview.text.length, answer.source, answer.statusText]).toEqual([
      200_000,
      textLimit,
      "sync",
      "Service Unavailable",
    ]);
    expect(slice.pauses).toBe(20);
  });
});
