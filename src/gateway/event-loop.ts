import { type Macrotask, Slice } from "../core/cooperation/slice.ts";
import { systemClock } from "../platform/clock.ts";

/**
 * Milliseconds between two chances for everybody else. A request takes several turns of the event loop (its socket, the disk, its answer),
 * and waits for a slice in each: slices are shorter than in a browser's worker, which answers nobody by itself.
 */
const sliceMs = 1;

/** One turn of Node's event loop: sockets and completed reads come before the next `setImmediate` (a MessageChannel can starve them). */
export const eventLoopTurn: Macrotask = () => new Promise((resolve) => setImmediate(resolve));

export function gatewaySlice(): Slice {
  return new Slice(systemClock, eventLoopTurn, sliceMs);
}
