import type { JSX } from "preact";
import { formatAbsolute, formatRelative } from "../format/moment.ts";

/** A point in time, relative and absolute. `iso` as `status` writes it. */
export function Moment({ iso, now }: { readonly iso: string; readonly now: number }): JSX.Element {
  const at = Date.parse(iso);
  return (
    <time dateTime={iso} title={iso}>
      {formatRelative(at, now)} <span class="aside">{formatAbsolute(at)}</span>
    </time>
  );
}
