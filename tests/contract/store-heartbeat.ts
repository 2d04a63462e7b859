/**
 * The longest time that `work` kept this thread's events waiting, in milliseconds: a port message posted again and again
 * tells, in every browser and in Node. The result of `work` is returned with it.
 */
export async function longestGap<T>(work: () => Promise<T>): Promise<{ readonly gapMs: number; readonly result: T }> {
  const channel = new MessageChannel();
  let gapMs = 0;
  let last = performance.now();
  let beating = true;
  const stopped = new Promise<void>((resolve) => {
    channel.port1.onmessage = () => {
      const now = performance.now();
      gapMs = Math.max(gapMs, now - last);
      last = now;
      if (beating) channel.port2.postMessage(null);
      else {
        channel.port1.close();
        resolve();
      }
    };
  });
  channel.port2.postMessage(null);
  let result: T;
  try {
    result = await work();
  } finally {
    // One more beat: a block at the very end counts as well.
    beating = false;
    await stopped;
  }
  return { gapMs, result };
}
