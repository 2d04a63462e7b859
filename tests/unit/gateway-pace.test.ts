import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { pacedFor } from "../../src/gateway/pace.ts";

const webkit = [
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
];
const others = [
  undefined,
  "git/2.39.5",
  "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
];

const pieces = Array.from({ length: 48 }, (_, i) => Buffer.alloc(65_536, i));

test.each(webkit)("%s gets 3 MB in no less than the tenth of a second that they take at 24 MB/s", async (agent) => {
  const begun = performance.now();
  const sent = await buffer(pacedFor(agent, Readable.from(pieces)));
  expect(performance.now() - begun).toBeGreaterThan(100);
  expect(Buffer.compare(sent, Buffer.concat(pieces))).toBe(0);
});

test.each(others)("%s gets the body itself", (agent) => {
  const body = Readable.from(pieces);
  expect(pacedFor(agent, body)).toBe(body);
});

test("a body that fails, fails for its reader", async () => {
  const failing = Readable.from(
    (async function* () {
      yield Buffer.alloc(10);
      throw new Error("the remote is gone");
    })(),
  );
  await expect(buffer(pacedFor(webkit[0], failing))).rejects.toThrow("the remote is gone");
});
