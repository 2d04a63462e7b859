import { effect } from "@preact/signals";
import { render } from "preact";
import type { Mirror } from "../client/mirror-interface.ts";
import { Slice } from "../core/cooperation/slice.ts";
import { systemClock } from "../platform/clock.ts";
import { messageChannelMacrotask } from "../platform/macrotask.ts";
import { App } from "./app.tsx";
import { Dashboard } from "./model/dashboard.ts";
import { followLocation } from "./model/location.ts";
import { Preference } from "./model/preference.ts";
import { followShortcuts } from "./model/shortcuts.ts";
import { openTheme } from "./model/theme.ts";
import { pageTitle } from "./model/title.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/prose.css";
import "./styles/waterline.css";
import "./styles/repository.css";
import "./styles/facts.css";
import "./styles/panels.css";
import "./styles/fetch.css";

/** Draws the dashboard at once, in its starting state, and fills it as `open` resolves. */
export function mount(page: Document, open: () => Promise<Mirror>): Dashboard {
  const base = new URL("./", page.baseURI).href;
  const dashboard = new Dashboard(systemClock, base);
  const route = followLocation();
  const theme = openTheme(base, page.documentElement);
  const shortcuts = new Preference<"on" | "off">(base, "shortcuts", ["on", "off"], "on");
  const probeHost = {
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    clock: systemClock,
    slice: new Slice(systemClock, messageChannelMacrotask(), 8),
  };

  dashboard.online.value = navigator.onLine;
  addEventListener("online", () => {
    dashboard.online.value = true;
  });
  addEventListener("offline", () => {
    dashboard.online.value = false;
  });
  followShortcuts(shortcuts.value, { u: () => dashboard.update(), "/": () => location.assign("#/fetch") });
  effect(() => {
    page.title = pageTitle(route.value, dashboard.status.value, dashboard.failure.value !== null);
  });

  const root = page.getElementById("app");
  if (root === null) throw new Error("The page has no element #app to draw into.");
  root.replaceChildren();
  render(<App dashboard={dashboard} route={route} theme={theme} shortcuts={shortcuts} probeHost={probeHost} />, root);

  const closed = new AbortController();
  // `pagehide` with `persisted` is the back-forward cache: the page comes back and goes on.
  addEventListener("pagehide", (event) => {
    if (!event.persisted) closed.abort();
  });
  void dashboard.tick(closed.signal);
  void dashboard.start(open);
  return dashboard;
}
