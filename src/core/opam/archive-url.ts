/** Needs no parsing: what `URL` makes of it is itself. No `%`, no `.` or `..` segment, a host that is no number. */
const plain =
  /^https?:\/\/(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*\/(?:[\w~+,;=@!$&'()*-][\w.~+,;=@!$&'()*-]*\/)*(?:[\w~+,;=@!$&'()*-][\w.~+,;=@!$&'()*-]*)?$/;

/**
 * The form in which archive URLs are compared: as browsers send them (WHATWG URL), without fragment and credentials, escapes of
 * unreserved characters resolved and all others in upper case (RFC 3986 §6.2.2), a `%` that begins none as `%25`: what is resolved behind
 * it would make it one. Null for what is neither http nor https.
 */
export function normalizedUrl(text: string): string | null {
  if (plain.test(text)) return text;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const address = `${url.protocol}//${url.host}${url.pathname}${url.search}`;
  return address.includes("%") ? address.replace(/%(?:[0-9a-fA-F]{2})?/g, normalizedEscape) : address;
}

function normalizedEscape(triplet: string): string {
  if (triplet === "%") return "%25";
  const c = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return /[\w.~-]/.test(c) ? c : triplet.toUpperCase();
}
