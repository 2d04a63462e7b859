import { describe, expect, it } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { forgedPacks } from "../support/forge/forged-packs.ts";
import { readPack } from "../support/read-pack.ts";

const cases = forgedPacks();

/** Reads it as a sync would. `cpuMs` is time of this process: other work of the machine does not count. */
async function read(one: (typeof cases)[number]) {
  const before = process.memoryUsage().arrayBuffers;
  const started = process.cpuUsage();
  let outcome: "accept" | string = "accept";
  let skipped = 0;
  let thrown: unknown = null;
  try {
    const { walked } = await readPack(one.pack, one.commit, {
      limits: one.limits ?? {},
      boundary: one.boundary ?? [one.commit],
      chunkBytes: 1000,
    });
    skipped = walked.skipped.length;
  } catch (error) {
    thrown = error;
    outcome = error instanceof MirrorError ? error.code : `untyped ${String(error)}`;
  }
  const cpuMs = process.cpuUsage(started).user / 1000;
  return { outcome, skipped, thrown, cpuMs, grownBytes: process.memoryUsage().arrayBuffers - before };
}

describe("forged packs", () => {
  it("are many, of many kinds", () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(new Set(cases.map((one) => one.class)).size).toBeGreaterThanOrEqual(25);
  });

  it.each(cases.map((one) => [`${one.class}: ${one.title}`, one] as const))("%s", async (_name, one) => {
    let { outcome, skipped, thrown, cpuMs, grownBytes } = await read(one);
    // A reader that is slow or large is so every time; the collector and the compiler, which count here too, are not.
    for (let i = 0; i < 2 && (cpuMs >= 1000 || grownBytes >= 64 << 20); i++)
      ({ outcome, skipped, thrown, cpuMs, grownBytes } = await read(one));
    expect(cpuMs).toBeLessThan(1000);
    expect(grownBytes).toBeLessThan(64 << 20);
    expect(outcome, String(thrown)).not.toMatch(/^untyped/);
    if (one.eitherIsRight) return;
    if (one.git === "refuse") expect(outcome).not.toBe("accept");
    switch (one.expect) {
      case "accept":
        expect(outcome, String(thrown)).toBe("accept");
        break;
      case "refuse":
        // A size beyond a limit is refused as such, before anybody looks whether it is also a lie.
        expect(
          one.codes.length === 0 || outcome === "pack-limit"
            ? outcome !== "accept"
            : one.codes.includes(outcome as never),
          `${outcome}, expected ${one.codes.join()}: ${String(thrown)}`,
        ).toBe(true);
        break;
      case "skip-count":
        // Beside `packages`, `repo` and `version` nothing at the root is served, so nothing there is skipped either.
        if (outcome === "accept") expect(skipped).toBeGreaterThan(one.title.endsWith(" in root") ? -1 : 0);
        else expect(one.codes).toContain(outcome);
        break;
    }
  });
});
