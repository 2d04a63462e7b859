import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { OutboundAnswer } from "../../src/gateway/outbound.ts";
import { resumedBody } from "../../src/gateway/resumed-body.ts";

const url = new URL("http://source.example/a.tgz");

/** An answer whose body has these bytes, and then breaks off unless it `ends`. */
function answer(text: string, ends: boolean, status = 200, headers: Record<string, string> = {}): OutboundAnswer {
  async function* chunks() {
    for (const character of text) yield Buffer.from(character);
    if (!ends) throw new Error("connection closed");
  }
  return { url, status, headers, body: Readable.from(chunks()) as IncomingMessage };
}

const part = (text: string, at: number, ends: boolean) =>
  answer(text, ends, 206, { "content-range": `bytes ${at}-9/10` });

/** What is read, what was asked for, and the failure if there was one. */
async function read(first: OutboundAnswer, ...rest: (OutboundAnswer | Error)[]) {
  const asked: [number, string | null][] = [];
  let text = "";
  try {
    const body = resumedBody(first, async (at, ifRange) => {
      asked.push([at, ifRange]);
      const next = rest.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error("asked once too often");
      return next;
    });
    for await (const chunk of body) text += chunk.toString();
    return { text, asked };
  } catch (failure) {
    return { text, asked, failure: (failure as Error).message };
  }
}

describe("a body that breaks off", () => {
  test("is read on where it did", async () => {
    const first = answer("0123", false, 200, { etag: '"v1"' });
    const found = await read(first, part("456", 4, false), part("789", 7, true));
    expect(found).toEqual({
      text: "0123456789",
      asked: [
        [4, '"v1"'],
        [7, '"v1"'],
      ],
    });
  });

  test("fails as it failed where the rest is not to be had", async () => {
    const failed = { text: "0123", asked: [[4, null]], failure: "connection closed" };
    const weak = answer("0123", false, 200, { etag: 'W/"v1"' });
    expect(await read(weak, answer("0123456789", true))).toEqual(failed);
    expect(await read(answer("0123", false), part("23456789", 2, true))).toEqual(failed);
    expect(await read(answer("0123", false), answer("", true, 416))).toEqual(failed);
    expect(await read(answer("0123", false), new Error("connection refused"))).toEqual(failed);
  });

  test("is asked for three times at most, and not when nothing came of it", async () => {
    const broken = [1, 2, 3, 4].map((at) => part(String(at), at, false));
    expect(await read(answer("0", false), ...broken)).toMatchObject({ text: "0123", failure: "connection closed" });
    expect(await read(answer("", false))).toEqual({ text: "", asked: [], failure: "connection closed" });
  });

  test("is closed when its reader goes away", async () => {
    const first = answer("0123", true);
    for await (const _ of resumedBody(first, async () => first)) break;
    expect(first.body.destroyed).toBe(true);
  });
});
