const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Longer ones are left to the decoder: their bytes are arguments of one call. */
const mostBytes = 2048;

/**
 * The text of `bytes[from..to)`, UTF-8. In Chromium a decoder's strings lie outside the engine's heap, and many thousands of short ones hold
 * up each collection of garbage by several milliseconds; those made here lie in it.
 */
export function shortText(bytes: Uint8Array, from: number, to: number): string {
  const part = bytes.subarray(from, to);
  if (part.length > mostBytes) return decoder.decode(part);
  for (let i = 0; i < part.length; i++) if (part[i]! > 127) return decoder.decode(part);
  return String.fromCharCode.apply(null, part as unknown as number[]);
}
