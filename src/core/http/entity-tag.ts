/** RFC 9110 §8.8.3. The opaque part is kept with its quotes. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

const tagPattern = /(W\/)?("[\x21\x23-\x7e\x80-\uffff]*")/y;

/** One entity-tag and nothing else, or null. */
export function parseEntityTag(text: string): EntityTag | null {
  tagPattern.lastIndex = 0;
  const match = tagPattern.exec(text);
  return match !== null && match[0].length === text.length ? { weak: match[1] !== undefined, opaque: match[2]! } : null;
}

/**
 * `*` or a list of entity-tags, as If-Match and If-None-Match carry it. Empty list elements are allowed (RFC 9110 §5.6.1.2);
 * a malformed list is null, and matches nothing.
 */
export function parseEntityTags(text: string): "*" | readonly EntityTag[] | null {
  if (text.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === " " || text[at] === "\t" || text[at] === ",") at++;
    if (at >= text.length) return tags.length > 0 ? tags : null;
    tagPattern.lastIndex = at;
    const match = tagPattern.exec(text);
    if (match === null) return null;
    tags.push({ weak: match[1] !== undefined, opaque: match[2]! });
    at = tagPattern.lastIndex;
    while (text[at] === " " || text[at] === "\t") at++;
    if (at < text.length && text[at] !== ",") return null;
  }
}

/** RFC 9110 §8.8.3.2: equal opaque tags, neither weak. */
export function strongEqual(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** RFC 9110 §8.8.3.2: equal opaque tags. */
export function weakEqual(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}
