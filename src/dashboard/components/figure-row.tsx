import type { JSX } from "preact";

export interface Figure {
  readonly label: string;
  /** Text as shown; `–` when unknown. */
  readonly value: string;
}

/** Numbers that are meant to be read from across the table. */
export function FigureRow({
  figures,
  small = false,
}: {
  readonly figures: readonly Figure[];
  readonly small?: boolean;
}): JSX.Element {
  return (
    <dl class={small ? "figures figures-small" : "figures"}>
      {figures.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
