import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Dashboard } from "../model/dashboard.ts";
import { Callout } from "./callout.tsx";

interface PageProps {
  readonly dashboard: Dashboard;
}

/** A page whose code is fetched when it is first opened. */
export function LatePage({
  load,
  dashboard,
}: {
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>;
  readonly dashboard: Dashboard;
}): JSX.Element {
  const loaded = useSignal<{ readonly Page: ComponentType<PageProps> } | "failed" | null>(null);
  useEffect(() => {
    load().then(
      (module) => {
        loaded.value = { Page: module.default };
      },
      () => {
        loaded.value = "failed";
      },
    );
  }, [load]);
  const { value } = loaded;
  if (value === "failed") {
    return (
      <Callout kind="error" title="This page could not be loaded">
        <p>Its code did not arrive: the network is gone, or the app has a new version. Reload the page.</p>
      </Callout>
    );
  }
  if (value === null) return <p class="visually-hidden">Loading.</p>;
  return <value.Page dashboard={dashboard} />;
}
