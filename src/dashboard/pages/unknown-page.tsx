import type { JSX } from "preact";

export function UnknownPage({ name }: { readonly name: string }): JSX.Element {
  return (
    <header class="page-head">
      <h1>No such page</h1>
      <p class="lead">
        There is no page “{name}” here. <a href="#/">Go to the mirror</a>.
      </p>
    </header>
  );
}
