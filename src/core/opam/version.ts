const zero = 0x30;
const nine = 0x39;

/**
 * opam's order of versions, negative when `a` is older (opam manual, "Version ordering"; Debian Policy §5.6.12 without epochs): `~` comes
 * before the end, the end before letters, letters before other characters; runs of digits are numbers; what follows the last
 * `-` is a revision, compared last. `1.0`, `1.00` and `1.0-0` are one version.
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const aDash = a.lastIndexOf("-");
  const bDash = b.lastIndexOf("-");
  const upstream = comparePart(aDash < 0 ? a : a.slice(0, aDash), bDash < 0 ? b : b.slice(0, bDash));
  if (upstream !== 0) return upstream;
  return comparePart(aDash < 0 ? "" : a.slice(aDash + 1), bDash < 0 ? "" : b.slice(bDash + 1));
}

function comparePart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while (isText(a, i) || isText(b, j)) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const aEnd = digitsEnd(a, i);
    const bEnd = digitsEnd(b, j);
    while (a.charCodeAt(i) === zero && i < aEnd) i++;
    while (b.charCodeAt(j) === zero && j < bEnd) j++;
    // Without leading zeros the longer number is the larger one, however long it is.
    if (aEnd - i !== bEnd - j) return aEnd - i - (bEnd - j);
    for (; i < aEnd; i++, j++) {
      const difference = a.charCodeAt(i) - b.charCodeAt(j);
      if (difference !== 0) return difference;
    }
  }
  return 0;
}

function isDigit(c: number): boolean {
  return c >= zero && c <= nine;
}

function isText(text: string, at: number): boolean {
  return at < text.length && !isDigit(text.charCodeAt(at));
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Order of characters outside numbers; the end, and the number that begins there, count as 0. */
function weight(text: string, at: number): number {
  if (!isText(text, at)) return 0;
  const c = text.charCodeAt(at);
  if (c === 0x7e) return -1;
  const letter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
  return letter ? c : c + 0x10000;
}
