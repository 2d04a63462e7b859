import type { JSX } from "preact";

/** The sign of the mirror: an m (two humps) above a line, and its reflection, a w, below. Decoration; the name stands beside it. */
export function BrandMark(): JSX.Element {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
      <path class="brand-above" d="M4 14V9.5a6 6 0 0 1 12 0V14M16 14V9.5a6 6 0 0 1 12 0V14" />
      <path class="brand-line" d="M1 16h30" />
      <path class="brand-below" d="M4 18v4.5a6 6 0 0 0 12 0V18M16 18v4.5a6 6 0 0 0 12 0V18" />
    </svg>
  );
}
