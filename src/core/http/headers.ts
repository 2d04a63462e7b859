/** Where an answer comes from: the published snapshot, the clone in progress, stored archives and records, or upstream. */
export type AnswerSource = "snapshot" | "sync" | "store" | "upstream";

/**
 * On every answer, errors and 206 included. Bytes from elsewhere are served under our origin: `nosniff` and an inert
 * Content-Type keep a `<script src>` from running them, the sandbox keeps a navigation from it. The answers are public
 * and the same for everybody, so any origin may read them: that is what makes intercepted cross-origin requests work.
 */
export function commonHeaders(source: AnswerSource): Record<string, string> {
  return {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers":
      "Accept-Ranges, Allow, Content-Length, Content-Range, ETag, Last-Modified, Location, Retry-After, X-Opam-Source",
    "X-Opam-Source": source,
  };
}

/** Added to the answer of a preflight request (Fetch standard, CORS protocol). */
export function preflightHeaders(allow: string): Record<string, string> {
  return {
    Allow: allow,
    "Access-Control-Allow-Methods": allow,
    "Access-Control-Allow-Headers":
      "Accept, Cache-Control, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range",
    "Access-Control-Max-Age": "86400",
  };
}

/** Whether an Accept field prefers HTML to JSON (RFC 9110 §12.5.1); wildcards count for both and thus for JSON. */
export function prefersHtml(accept: string | null): boolean {
  if (accept === null) return false;
  const html = quality(accept, "text/html");
  return html > 0 && html > quality(accept, "application/json");
}

/** Quality of a media type; the most specific range that matches decides. */
function quality(accept: string, type: string): number {
  const ranges = [type, `${type.slice(0, type.indexOf("/"))}/*`, "*/*"];
  const found = new Map<string, number>();
  for (const part of accept.split(",")) {
    const [range, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    const value = q === undefined ? 1 : Number(q);
    if (range !== undefined) found.set(range, Number.isFinite(value) ? value : 0);
  }
  for (const range of ranges) {
    const value = found.get(range);
    if (value !== undefined) return value;
  }
  return 0;
}
