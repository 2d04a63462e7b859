import { expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { RecentArchives } from "../../src/serve/recent-archives.ts";

test("small archives are kept for a second, 4 MiB of them, the newest", () => {
  let now = 0;
  const recent = new RecentArchives({ ...systemClock, now: () => now });
  const kept = () => Array.from({ length: 100 }, (_, i) => i).filter((i) => recent.get(String(i)) !== undefined);
  for (let i = 0; i < 100; i++) recent.set(String(i), new Uint8Array(64 * 1024));
  expect(kept()).toEqual(Array.from({ length: 64 }, (_, i) => 36 + i));
  recent.set("36", new Uint8Array(64 * 1024 + 1));
  now = 999;
  recent.set("37", new Uint8Array(1));
  expect(kept()).toHaveLength(63);
  recent.delete("40");
  now = 1_000;
  expect(kept()).toEqual([37]);
  expect(recent.get("37")).toEqual(new Uint8Array(1));
  now = 1_999;
  expect(kept()).toEqual([]);
  for (let i = 0; i < 64; i++) recent.set(String(i), new Uint8Array(64 * 1024));
  expect(kept()).toHaveLength(64);
});
