import type { JSX } from "preact";

/** The first paint: what is being waited for. */
export function Starting({ opened }: { readonly opened: boolean }): JSX.Element {
  return (
    <section class="starting" aria-busy="true">
      <p class="starting-title">Starting</p>
      <div class="waterline" data-state="starting">
        <div class="waterline-fill" />
      </div>
      <p class="meaning">
        {opened ? "Reading the stored repositories." : "Registering the service worker and opening the store."}
      </p>
    </section>
  );
}
