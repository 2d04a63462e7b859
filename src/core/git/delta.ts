/**
 * Git deltas (Git documentation, gitformat-pack, "Deltified representation"): two sizes, then copy and insert instructions.
 */

/** Reads the two leading sizes. Returns null when they are cut off or beyond 2³¹. */
export function deltaSizes(
  delta: Uint8Array,
  from: number,
  to: number,
): { readonly base: number; readonly result: number; readonly at: number } | null {
  let at = from;
  const sizes = [0, 0];
  for (let which = 0; which < 2; which++) {
    let value = 0;
    let factor = 1;
    for (;;) {
      if (at >= to) return null;
      const byte = delta[at++]!;
      value += (byte & 127) * factor;
      if (value > 0x7fffffff) return null;
      if (byte < 128) break;
      factor *= 128;
    }
    sizes[which] = value;
  }
  return { base: sizes[0]!, result: sizes[1]!, at };
}

/**
 * Applies the instructions at `delta[at..end)`. The result must fill `target[to..to+size)` exactly.
 * Returns null when it did, else what is wrong with the delta.
 */
export function applyDelta(
  delta: Uint8Array,
  from: number,
  end: number,
  base: Uint8Array,
  baseFrom: number,
  baseSize: number,
  target: Uint8Array,
  to: number,
  size: number,
): string | null {
  let at = from;
  let out = to;
  const limit = to + size;
  while (at < end) {
    const op = delta[at++]!;
    if (op & 128) {
      let offset = 0;
      let length = 0;
      // A cut-off instruction reads zeros here and is caught by the check on `at` below.
      if (op & 1) offset = delta[at++]!;
      if (op & 2) offset |= delta[at++]! << 8;
      if (op & 4) offset |= delta[at++]! << 16;
      if (op & 8) offset += delta[at++]! * 0x1000000;
      if (op & 16) length = delta[at++]!;
      if (op & 32) length |= delta[at++]! << 8;
      if (op & 64) length |= delta[at++]! << 16;
      if (at > end) return "an instruction is cut off";
      if (length === 0) length = 0x10000;
      if (offset + length > baseSize) return "it copies beyond its base";
      if (out + length > limit) return "its result is longer than it says";
      const start = baseFrom + offset;
      if (length > 64) {
        target.set(base.subarray(start, start + length), out);
        out += length;
      } else {
        for (let i = start, stop = start + length; i < stop; i++) target[out++] = base[i]!;
      }
    } else if (op > 0) {
      if (at + op > end) return "an instruction is cut off";
      if (out + op > limit) return "its result is longer than it says";
      for (const stop = at + op; at < stop; at++) target[out++] = delta[at]!;
    } else {
      return "it uses the reserved instruction 0";
    }
  }
  return out === limit ? null : "its result is shorter than it says";
}
