import "fake-indexeddb/auto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureNames } from "../support/failing-indexeddb.ts";
import { phases, StoreFaultMatrix } from "../support/store-fault-matrix.ts";

let matrix: StoreFaultMatrix;
let runs = 0;
beforeAll(async () => {
  matrix = await StoreFaultMatrix.open();
});
afterAll(async () => {
  console.log(`${runs} runs in which an operation failed`);
  await matrix.close();
});

describe.each(phases)("every storage operation of a %s fails", (phase) => {
  describe.each(failureNames)("with %s", (name) => {
    it.each([
      ["once", false],
      ["and all after it", true],
    ] as const)("%s: the old or the new snapshot, then the new one and nothing else", async (_title, forGood) => {
      const operations = await matrix.operations(phase);
      const wrong: string[] = [];
      // One more than there are: the last run is one in which nothing fails.
      for (let nth = 1; nth <= operations + 1; nth++) {
        const outcome = await matrix.run(phase, { nth, name, forGood });
        runs++;
        wrong.push(...outcome.wrong.map((one) => `operation ${nth} of ${operations}: ${one}`));
      }
      expect(wrong).toEqual([]);
    });
  });
});
