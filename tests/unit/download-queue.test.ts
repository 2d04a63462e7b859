import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DownloadQueue } from "../../src/sync/download-queue.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A queue whose downloads end when the test says so. */
function held(parallel: number) {
  const running = new Map<string, { end: (failure?: Error) => void; signal: AbortSignal }>();
  const finished: string[] = [];
  let most = 0;
  let twice = false;
  const queue = new DownloadQueue<{ readonly key: string }>({
    parallel,
    changed: () => undefined,
    download: ({ key }, progress, signal) =>
      new Promise<void>((resolve, reject) => {
        twice ||= running.has(key);
        const end = (failure?: Error) => {
          running.delete(key);
          if (failure !== undefined) return reject(failure);
          finished.push(key);
          resolve();
        };
        running.set(key, { end, signal });
        most = Math.max(most, running.size);
        progress(1, 2);
      }),
  });
  return { queue, running, finished, most: () => most, twice: () => twice };
}

const items = (keys: readonly string[]) => keys.map((key) => ({ key }));

describe("the download queue", () => {
  test("runs so many at a time, in the order in which they were wanted, and tells what failed", async () => {
    const { queue, running, finished } = held(2);
    queue.want(items(["a", "b", "c", "d"]));
    expect([...running.keys()]).toEqual(["a", "b"]);
    expect(queue.active.map(({ item, bytes, totalBytes }) => [item.key, bytes, totalBytes])).toEqual([
      ["a", 1, 2],
      ["b", 1, 2],
    ]);
    running.get("a")!.end(new Error("no such archive"));
    await turn();
    expect([...running.keys()]).toEqual(["b", "c"]);
    expect(queue.waiting).toBe(1);
    expect(queue.failed.map(({ item, error }) => [item.key, error.code])).toEqual([["a", "internal"]]);
    for (const key of ["b", "c", "d"]) {
      running.get(key)!.end();
      await turn();
    }
    await queue.rest();
    expect(finished).toEqual(["b", "c", "d"]);
    queue.want(items(["a"]));
    expect(queue.failed).toEqual([]);
    running.get("a")!.end();
    await queue.rest();
    expect(finished).toEqual(["b", "c", "d", "a"]);
  });

  test("a pause gives up what is under way, which comes first afterwards, also when it is resumed at once", async () => {
    const { queue, running } = held(1);
    queue.want(items(["a", "b"]));
    const { signal, end } = running.get("a")!;
    queue.pause();
    expect(signal.aborted).toBe(true);
    queue.resume();
    end(new Error("given up"));
    await turn();
    expect([...running.keys()]).toEqual(["a"]);
    expect(queue.failed).toEqual([]);
    queue.pause();
    running.get("a")!.end(new Error("given up"));
    await queue.rest();
    expect([queue.waiting, running.size]).toEqual([2, 0]);
    queue.want(items(["b"]));
    queue.resume();
    expect([...running.keys()]).toEqual(["b"]);
  });

  const keys = ["a", "b", "c", "d", "e", "f"];
  const step = fc.oneof(
    fc.record({ do: fc.constant("want" as const), keys: fc.uniqueArray(fc.constantFrom(...keys)) }),
    fc.record({ do: fc.constant("pause" as const) }),
    fc.record({ do: fc.constant("resume" as const) }),
    fc.record({ do: fc.constantFrom("done" as const, "fail" as const), at: fc.nat(5) }),
  );

  test("whatever happens, nothing runs twice at once, too much at once or in a pause, and all that is wanted ends", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, parallel) => {
        const { queue, running, finished, most, twice } = held(parallel);
        let wanted: readonly string[] = [];
        for (const now of steps) {
          if (now.do === "want") {
            // Whoever wants something knows what is done.
            wanted = now.keys;
            finished.length = 0;
            queue.want(items(wanted));
          } else if (now.do === "pause") queue.pause();
          else if (now.do === "resume") queue.resume();
          else {
            const one = [...running.values()][now.at % Math.max(1, running.size)];
            one?.end(now.do === "fail" || one.signal.aborted ? new Error("it failed") : undefined);
          }
          await turn();
          if (queue.paused) expect([...running.values()].every(({ signal }) => signal.aborted)).toBe(true);
        }
        queue.resume();
        while (running.size > 0) {
          for (const one of running.values()) one.end(one.signal.aborted ? new Error("given up") : undefined);
          await turn();
        }
        await queue.rest();
        const failed = queue.failed.map(({ item }) => item.key);
        expect([...new Set([...finished, ...failed])].filter((key) => wanted.includes(key)).sort()).toEqual(
          [...wanted].sort(),
        );
        expect(queue.waiting).toBe(0);
        expect(most()).toBeLessThanOrEqual(parallel);
        expect(twice()).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});
