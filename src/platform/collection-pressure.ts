const mebibyte = 1024 * 1024;
/** Larger values Chromium keeps aside. */
const inlineBytes = 64 * 1024;
/** What the garbage collector is to count for each MiB. Less than a MiB at once would be filled with zeros, and take memory. */
const countedBytes = 4 * mebibyte;

let uncounted = 0;

/**
 * To be called for each value that was read from IndexedDB and may be large. Chromium keeps a second copy of one of more than 64 KiB until its request is
 * collected, and does not count it: 60 to 90 MB pile up before the collector comes. Here it counts memory that nobody touches, and comes
 * after some 16 MiB. Where an engine does not work so, it costs an allocation. (A bundler leaves out a bare `new` that nobody uses.)
 */
export function leftBehind(bytes: number): void {
  if (bytes <= inlineBytes) return;
  uncounted += bytes;
  if (uncounted < mebibyte) return;
  uncounted = 0;
  Reflect.construct(ArrayBuffer, [countedBytes]);
}
