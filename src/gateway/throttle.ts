import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** Passes bytes at a steady rate, in so many pieces a second. */
export function throttle(bytesPerSecond: number, piecesPerSecond: number = 50): Transform {
  const piece = Math.max(1, Math.floor(bytesPerSecond / piecesPerSecond));
  let started: number | null = null;
  let passed = 0;

  const pass = async (stream: Transform, chunk: Buffer) => {
    started ??= performance.now();
    for (let at = 0; at < chunk.length && !stream.destroyed; at += piece) {
      const part = chunk.subarray(at, at + piece);
      const due = started + ((passed + part.length) / bytesPerSecond) * 1000;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      passed += part.length;
      stream.push(part);
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pass(this, chunk).then(() => done(), done);
    },
  });
}
