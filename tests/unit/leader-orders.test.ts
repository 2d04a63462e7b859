import { describe, expect, it } from "vitest";
import { LeaderOrders, type OrderAnswer } from "../../src/client/leader-orders.ts";
import { StillClock } from "../support/still-clock.ts";

const report = { running: false, checked: 3, total: 3, bad: [], finishedAt: "2026-08-27T12:00:00Z" };

/** A mirror of a page, and whoever leads: `answer` says what it answers, null nothing. */
function page(answer: (said: number) => Omit<OrderAnswer, "id"> | null) {
  const clock = new StillClock();
  const end = new AbortController();
  const orders = new LeaderOrders(clock, end.signal);
  const said: string[] = [];
  const given = orders.give("The order", (id) => {
    said.push(id);
    const given = answer(said.length);
    if (given !== null) orders.answered({ id, ...given });
  });
  const outcome = given.then(
    (value) => value ?? "done",
    (thrown: { code: string }) => thrown.code,
  );
  return { clock, end, said, outcome, orders };
}

describe("an order to whoever leads", () => {
  it("is said again under one id until it is answered", async () => {
    const { clock, said, outcome } = page((times) => (times < 4 ? null : { error: null }));
    await clock.pass(10_000, 500);
    expect(await outcome).toBe("done");
    expect(said).toHaveLength(4);
    expect(new Set(said).size).toBe(1);
  });

  it("goes on as long as somebody carries it out, whoever it is, and ends with the report", async () => {
    const { clock, said, outcome } = page((times) => {
      // The first leader begins and dies, the second one comes late.
      if (times < 10) return { error: null, report: null };
      if (times < 25) return null;
      return { error: null, report: times < 60 ? null : report };
    });
    await clock.pass(100_000, 500);
    expect(await outcome).toEqual(report);
    expect(said).toHaveLength(60);
  });

  it("fails when nobody answers for twenty seconds, of which a sleep of this page counts little", async () => {
    const { clock, outcome } = page(() => null);
    let ended = false;
    void outcome.then(() => {
      ended = true;
    });
    await clock.pass(10_000, 500);
    clock.advance(3_600_000);
    await clock.pass(4_000, 500);
    expect(ended).toBe(false);
    await clock.pass(2_000, 500);
    expect(await outcome).toBe("deadline");
  });

  it("fails with what the leader answers, and when the mirror is closed", async () => {
    const refused = { code: "unknown-repository", message: "", data: { name: "x" } } as const;
    expect(await page(() => ({ error: refused })).outcome).toBe("unknown-repository");
    const { end, outcome } = page(() => ({ error: null, report: null }));
    end.abort();
    expect(await outcome).toBe("aborted");
    const late = page(() => null);
    late.orders.answered({ id: "somebody else's", error: null });
    late.end.abort();
    expect(await late.outcome).toBe("aborted");
  });
});
