/**
 * Makes the garbage collector run sooner, as if so many bytes were left to it. Chromium keeps a copy of each large value that was read from IndexedDB
 * until its request is collected, and does not count it: 60 to 90 MB pile up. What is counted here is never touched, and takes no memory.
 * Where an engine does not work so, it costs an allocation. (`Reflect.construct`: a bundler leaves out a bare `new` that nobody uses.)
 */
export function pressCollector(bytes: number): void {
  Reflect.construct(ArrayBuffer, [bytes]);
}
