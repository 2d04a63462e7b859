import "fake-indexeddb/auto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureNames } from "../support/failing-indexeddb.ts";
import { phases, StoreFaultMatrix } from "../support/store-fault-matrix.ts";

// A sample of the matrix that tests/slow runs in full, of other operations under each name.
const sampled = 3;

let matrix: StoreFaultMatrix;
beforeAll(async () => {
  matrix = await StoreFaultMatrix.open();
});
afterAll(() => matrix.close());

describe.each(phases)("%s", (phase) => {
  it("has storage operations to fail", async () => {
    const { operations, wrong } = await matrix.run(phase, null);
    expect(wrong).toEqual([]);
    expect(operations).toBeGreaterThan(50);
  });

  it.each(failureNames)("survives %s", async (name) => {
    const operations = await matrix.operations(phase);
    const step = Math.ceil(operations / sampled);
    const first = 1 + ((failureNames.indexOf(name) * 3) % step);
    for (const forGood of [false, true]) {
      for (let nth = first; nth <= operations; nth += step) {
        const { wrong } = await matrix.run(phase, { nth, name, forGood });
        expect(wrong, `operation ${nth}${forGood ? " and all after it" : ""}`).toEqual([]);
      }
    }
  });
});
