import type { ComponentChildren, JSX } from "preact";

export interface Fact {
  readonly term: string;
  readonly value: ComponentChildren;
}

/** Terms and values, one a line. */
export function FactsList({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(({ term, value }) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
