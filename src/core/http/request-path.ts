import { MirrorError } from "../errors.ts";

/** Longest path below `<base>opam/<repository>/`, in bytes after decoding: the longest path a tree may have. */
const pathBytes = 255;

/**
 * Decodes a percent-encoded path (no query) exactly once and checks it as a path of a Git tree.
 * Returns its segments. Throws `bad-path` for `.`, `..`, empty segments, encoded slashes, backslashes, control
 * characters, malformed percent-encoding, text that is not UTF-8, and more than 255 bytes.
 */
export function decodePath(encoded: string): readonly string[] {
  // Each byte takes at most three characters; refuse what cannot fit before decoding it.
  if (encoded.length > 3 * pathBytes) throw refusal(encoded, `it is longer than ${pathBytes} bytes`);
  const segments = encoded.split("/").map((segment) => decodeSegment(segment, encoded));
  // ASCII, as in every parsed URL, does not become longer.
  const fits = encoded.length <= pathBytes && !/[^\0-\x7f]/.test(encoded);
  if (!fits && new TextEncoder().encode(segments.join("/")).length > pathBytes) {
    throw refusal(encoded, `it is longer than ${pathBytes} bytes`);
  }
  return segments;
}

function decodeSegment(segment: string, encoded: string): string {
  if (/^\w[\w.+~-]*$/.test(segment)) return segment;
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch (thrown) {
    throw refusal(encoded, "its percent-encoding is not UTF-8", thrown);
  }
  if (text === "") throw refusal(encoded, "it has an empty segment");
  if (text === "." || text === "..") throw refusal(encoded, `it has the segment "${text}"`);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c === 0x7f) throw refusal(encoded, "it has a control character");
    if (c === 0x2f) throw refusal(encoded, "it has an encoded slash");
    if (c === 0x5c) throw refusal(encoded, "it has a backslash");
  }
  return text;
}

/** The path in the error is cut and stripped: it comes from outside and goes into an answer. */
function refusal(encoded: string, reason: string, cause?: unknown): MirrorError {
  const shown = encoded.length > 100 ? `${encoded.slice(0, 100)}…` : encoded;
  return new MirrorError("bad-path", { path: shown.replace(/[^\x20-\x7e…]/g, "?"), reason }, cause);
}
