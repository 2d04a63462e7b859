import { expect, test } from "vitest";
import { settled, tabChaos } from "../support/serving/tab-chaos.ts";

/** The short form of tests/slow/eight-tabs.test.ts. */
test("eight tabs that end at random: one leader, one clone on the wire, the remote's state at the end", async () => {
  const report = await tabChaos({ seed: "short", forMs: 12_000, tabs: 8 });
  console.log(JSON.stringify({ ...report, said: undefined, served: report.served.length }));
  expect(report.faults).toEqual([]);
  expect(report.mostPacksAtOnce).toBe(1);
  expect(report.wrongAnswers).toEqual([]);
  expect(report.served).toEqual([...report.served].sort((a, b) => a - b));
  expect(report.differences).toEqual([]);
  expect(report.said).toEqual(Array(8).fill(settled));
});
