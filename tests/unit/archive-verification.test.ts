import { expect, test } from "vitest";
import { ArchiveVerification } from "../../src/sync/archive-verification.ts";
import { StillClock } from "../support/still-clock.ts";

const record = (sha256: string) => ({ sha256, md5: "", sha512: "", size: 1, lastUse: 0, pinned: false });

function shelf(verify: (sha256: string, times: number) => Promise<boolean>) {
  let times = 0;
  return {
    records: async () => [record("a"), record("b")],
    setPinned: async () => undefined,
    remove: async () => undefined,
    verify: (sha256: string) => verify(sha256, times++),
  };
}

test("whoever asks while a pass runs gets one that began afterwards", async () => {
  let second = Promise.resolve();
  const verification: ArchiveVerification = new ArchiveVerification(
    shelf(async (_, times) => {
      // The first archive has been looked at when the second order comes, and is damaged then.
      if (times === 1) second = asked();
      return times !== 2;
    }),
    new StillClock(),
    () => undefined,
  );
  const found: unknown[] = [];
  const asked = async () => {
    const passes = [verification.run(), verification.run()];
    expect(passes[0]).toBe(passes[1]);
    found.push((await passes[0]!).bad);
  };
  expect((await verification.run()).bad).toEqual([]);
  await second;
  expect(found).toEqual([["a"]]);
});

test("a pass that fails or is stopped has no report to give; the next one may", async () => {
  let broken = true;
  const verification = new ArchiveVerification(
    shelf(async () => {
      if (broken) throw new Error("the store is closed");
      return true;
    }),
    new StillClock(),
    () => undefined,
  );
  await expect(verification.run()).rejects.toThrow("the store is closed");
  broken = false;
  expect(await verification.run()).toMatchObject({ running: false, checked: 2, bad: [] });
  verification.stop();
  await expect(verification.run()).rejects.toMatchObject({ code: "aborted" });
});
