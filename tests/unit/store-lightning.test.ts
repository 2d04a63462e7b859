import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { LightningGitFiles } from "../../src/store/lightning-git-files.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import type { GitFiles } from "../../src/store/store.ts";

// LightningFS in Node, on Web Locks that this test can look into. The same cases as elsewhere run in browsers.

const held = new Set<string>();
const queues = new Map<string, Promise<unknown>>();
const locks = {
  request(name: string, _options: unknown, work: (lock: object) => Promise<unknown>) {
    const turn = (queues.get(name) ?? Promise.resolve()).then(async () => {
      held.add(name);
      await work({ name });
      held.delete(name);
    });
    queues.set(name, turn);
    return turn;
  },
};

beforeAll(() => {
  // LightningFS's timers race with each other: on a machine that stands still for a moment, several are due at once.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  Object.assign(globalThis, { navigator: { locks } });
});
afterAll(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(globalThis, "navigator");
});

/** The store's Git files, except that saving the directory throws while `failing`. */
function filesThatFail(): GitFiles & { failing: boolean; saves: number } {
  const files = createMemoryStore().gitFiles("default");
  const wrapped = {
    ...files,
    failing: true,
    saves: 0,
    async saveSuperblock(superblock: unknown) {
      wrapped.saves++;
      if (wrapped.failing) throw new MirrorError("store-quota", { needed: 1 });
      await files.saveSuperblock(superblock);
    },
  };
  return wrapped;
}

const pause = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test("a directory that cannot be saved is reported by close, and the lock is released", async () => {
  const files = filesThatFail();
  const opened = await LightningGitFiles.open(files, "failing");
  await opened.files.writeFile("/a", "a");
  expect([...held]).toEqual(["failing_lock"]);
  await expect(opened.close()).rejects.toMatchObject({ code: "store-quota" });
  await pause(0);
  expect([...held]).toEqual([]);
  // LightningFS's own timers come half a second later: a rejection of theirs would fail this file.
  await pause(700);
});

test("a save that failed before LightningFS went idle is a loss, and close says so", async () => {
  const files = filesThatFail();
  const opened = await LightningGitFiles.open(files, "lost");
  await opened.files.writeFile("/a", "a");
  await pause(700);
  expect(files.saves).toBeGreaterThan(0);
  files.failing = false;
  await opened.files.writeFile("/b", "b");
  await expect(opened.close()).rejects.toMatchObject({ code: "store-quota" });
  const again = await LightningGitFiles.open(files, "lost");
  expect(await again.files.readdir("/")).toEqual(["b"]);
  await again.close();
});

test("a save that failed and was made good is no loss", async () => {
  const files = filesThatFail();
  const opened = await LightningGitFiles.open(files, "retried");
  await opened.files.writeFile("/a", "a");
  // Steady use keeps LightningFS from going idle, while its timer saves in vain.
  for (let i = 0; i < 7; i++) {
    await pause(100);
    await opened.files.readdir("/");
  }
  expect(files.saves).toBeGreaterThan(0);
  files.failing = false;
  await opened.close();
  const again = await LightningGitFiles.open(files, "retried");
  expect(await again.files.readFile("/a", "utf8")).toBe("a");
  await again.close();
});

test("after an idle time the directory is as it was", async () => {
  const files = createMemoryStore().gitFiles("default");
  const opened = await LightningGitFiles.open(files, "idle");
  await opened.files.writeFile("/a", "a");
  await pause(700);
  expect([...held]).toEqual([]);
  expect(await opened.files.readFile("/a", "utf8")).toBe("a");
  expect([...held]).toEqual(["idle_lock"]);
  await opened.close();
  await pause(0);
  expect([...held]).toEqual([]);
});

test("closing what was never used holds nothing and saves nothing", async () => {
  const files = filesThatFail();
  const opened = await LightningGitFiles.open(files, "unused");
  await opened.close();
  expect(files.saves).toBe(0);
  expect([...held]).toEqual([]);
});
