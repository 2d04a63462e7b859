import type { Macrotask } from "../core/cooperation/slice.ts";

/**
 * One macrotask by a MessageChannel: first-in-first-out with fetch events, port messages and IndexedDB completions.
 * A bare `scheduler.yield()` would be queued ahead of all of them (docs/decisions/001-yield.md).
 */
export function messageChannelMacrotask(): Macrotask {
  const channel = new MessageChannel();
  const waiting: (() => void)[] = [];
  channel.port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(null);
    });
}
