/** Adler-32 of RFC 1950 §8.2. */
export function adler32(bytes: Uint8Array, from: number, to: number): number {
  let a = 1;
  let b = 0;
  // 2600 bytes keep both sums below 2³⁰, small integers for every compiler, without a division in the inner loop.
  for (let at = from; at < to; ) {
    const stop = Math.min(at + 2600, to);
    // Four bytes a step: the sums wait for one another less often.
    for (; at + 4 <= stop; at += 4) {
      const one = bytes[at]!;
      const two = one + bytes[at + 1]!;
      const three = two + bytes[at + 2]!;
      const four = three + bytes[at + 3]!;
      b += a * 4 + one + two + three + four;
      a += four;
    }
    for (; at < stop; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
