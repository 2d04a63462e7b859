import type { ComponentChildren, JSX } from "preact";

/** A sentence that must not be missed. `code` is the stable name of an error, for reports and searches. */
export function Callout(props: {
  readonly kind: "error" | "notice";
  readonly title: string;
  readonly code?: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="callout" data-kind={props.kind} role={props.kind === "error" ? "alert" : undefined}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
        {props.kind === "error" ? (
          <path d="M10 2 18.6 17H1.4ZM10 7.6v4.2M10 14v.8" />
        ) : (
          <path d="M10 1.8a8.2 8.2 0 1 1 0 16.4 8.2 8.2 0 0 1 0-16.4ZM10 9v5M10 5.6v.9" />
        )}
      </svg>
      <div>
        <p class="callout-title">
          {props.title}
          {props.code !== undefined && <code class="code-tag">{props.code}</code>}
        </p>
        {props.children}
      </div>
    </div>
  );
}
