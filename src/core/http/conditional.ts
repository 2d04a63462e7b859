import { parseHttpDate } from "./date.ts";
import { parseEntityTag, parseEntityTags, strongEqual, weakEqual } from "./entity-tag.ts";

/** What the conditions are compared with. Every representation of this mirror has a strong tag; archives have no date. */
export interface Validators {
  /** Quoted, e.g. `"97014b…"`. */
  readonly etag: string;
  /** The value of Last-Modified, or null. */
  readonly lastModified: string | null;
}

/** A header field of the request, or null when it is absent; lists of several lines are joined by commas. */
export type HeaderField = (name: string) => string | null;

/** `failed` is answered with 412, `not-modified` with 304. */
export type Precondition = "proceed" | "not-modified" | "failed";

/**
 * RFC 9110 §13.2.2, for GET and HEAD of a representation that exists. If-Match (strong) comes before
 * If-Unmodified-Since, If-None-Match (weak) before If-Modified-Since. If-Modified-Since compares for equality with
 * Last-Modified, as §13.1.3 allows: a force-push may serve an older date, which "not modified since" would hide.
 */
export function evaluatePreconditions(field: HeaderField, validators: Validators, nowSeconds: number): Precondition {
  const matches = (text: string, equal: typeof weakEqual) => {
    const current = parseEntityTag(validators.etag);
    const tags = parseEntityTags(text);
    return tags === "*" || (tags !== null && current !== null && tags.some((tag) => equal(tag, current)));
  };
  const ifMatch = field("if-match");
  if (ifMatch !== null) {
    if (!matches(ifMatch, strongEqual)) return "failed";
  } else if (validators.lastModified !== null) {
    const text = field("if-unmodified-since");
    const since = text === null ? null : parseHttpDate(text.trim(), nowSeconds);
    const modified = since === null ? null : parseHttpDate(validators.lastModified, nowSeconds);
    if (since !== null && modified !== null && modified > since) return "failed";
  }
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== null) return matches(ifNoneMatch, weakEqual) ? "not-modified" : "proceed";
  const ifModifiedSince = field("if-modified-since");
  if (ifModifiedSince !== null && ifModifiedSince.trim() === validators.lastModified) return "not-modified";
  return "proceed";
}

/**
 * If-Range (RFC 9110 §13.1.5): true when Range applies. A tag is compared strongly, a date by equality with
 * Last-Modified; anything else, and a weak tag, makes the answer the whole representation.
 */
export function rangeApplies(field: HeaderField, validators: Validators): boolean {
  const ifRange = field("if-range")?.trim();
  if (ifRange === undefined) return true;
  const tag = parseEntityTag(ifRange);
  const current = parseEntityTag(validators.etag);
  if (tag !== null) return current !== null && strongEqual(tag, current);
  return validators.lastModified !== null && ifRange === validators.lastModified;
}
