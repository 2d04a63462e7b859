import { expect, test } from "vitest";
import { settled, tabChaos } from "../support/serving/tab-chaos.ts";

const forMs = Number(process.env.CHAOS_MS ?? 180_000);
const seed = process.env.CHAOS_SEED ?? "2026";

test("eight tabs, random ends for three minutes: one leader, one clone on the wire, the remote's state at the end", async () => {
  const report = await tabChaos({ seed, forMs, tabs: 8 });
  console.log(JSON.stringify({ ...report, served: report.served.length }));
  expect(report.faults).toEqual([]);
  expect(report.mostPacksAtOnce).toBe(1);
  expect(report.wrongAnswers).toEqual([]);
  expect(report.served).toEqual([...report.served].sort((a, b) => a - b));
  expect(report.differences).toEqual([]);
  expect(report.said).toEqual(Array(8).fill(settled));
  expect(report.published).toBeGreaterThan(forMs / 10_000);
});
