import { type ReadonlySignal, signal } from "@preact/signals";
import { parseRoute, type Route } from "./route.ts";

/** The route named by the address bar. */
export function followLocation(): ReadonlySignal<Route> {
  const route = signal(parseRoute(location.hash));
  addEventListener("hashchange", () => {
    route.value = parseRoute(location.hash);
  });
  return route;
}
