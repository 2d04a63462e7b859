import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { bodyReader } from "../../src/platform/body-reader.ts";
import { discardBuffer } from "../../src/platform/discarded-buffer.ts";

async function readAll(body: ReadableStream<Uint8Array>): Promise<{ bytes: Buffer; buffers: number }> {
  const reader = bodyReader(body);
  const parts: Buffer[] = [];
  const buffers = new Set<number>();
  for (let part = await reader.read(); part !== null; part = await reader.read()) {
    buffers.add(part.buffer.byteLength);
    parts.push(Buffer.from(part.slice()));
  }
  return { bytes: Buffer.concat(parts), buffers: buffers.size };
}

test("a body is read whole, from the network and from a stream of chunks", async () => {
  const sent = Buffer.from(Uint8Array.from({ length: 700_000 }, (_, i) => (i * 31) & 255));
  const server = createServer((_, response) => response.end(sent));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const found = await readAll(answer.body!);
    expect(found.bytes.equals(sent)).toBe(true);
    // One buffer, again and again.
    expect(found.buffers).toBe(1);
  } finally {
    server.close();
  }
  const chunks = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < sent.length; at += 99_999) controller.enqueue(sent.subarray(at, at + 99_999));
      controller.close();
    },
  });
  expect((await readAll(chunks)).bytes.equals(sent)).toBe(true);
  await expect(readAll(new ReadableStream({ start: (to) => to.error(new Error("cut")) }))).rejects.toThrow("cut");
});

test("a discarded buffer is empty", () => {
  const bytes = new Uint8Array(1000);
  discardBuffer(bytes.buffer);
  expect(bytes.length).toBe(0);
  discardBuffer(bytes.buffer);
});
