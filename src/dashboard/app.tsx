import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Footer } from "./components/footer.tsx";
import { LatePage } from "./components/late-page.tsx";
import { Masthead } from "./components/masthead.tsx";
import { OfflineNote } from "./components/offline-note.tsx";
import { UpdateBanner } from "./components/update-banner.tsx";
import type { Dashboard } from "./model/dashboard.ts";
import type { Preference } from "./model/preference.ts";
import type { ProbeHost } from "./model/probe.ts";
import type { Route } from "./model/route.ts";
import type { Theme } from "./model/theme.ts";
import { AboutPage } from "./pages/about-page.tsx";
import { FetchPage } from "./pages/fetch-page.tsx";
import { MirrorPage } from "./pages/mirror-page.tsx";
import { UnknownPage } from "./pages/unknown-page.tsx";

export interface AppProps {
  readonly dashboard: Dashboard;
  readonly route: ReadonlySignal<Route>;
  readonly theme: Preference<Theme>;
  readonly shortcuts: Preference<"on" | "off">;
  readonly probeHost: ProbeHost;
}

export function App(props: AppProps): JSX.Element {
  const { dashboard } = props;
  const { page } = props.route.value;
  const main = useRef<HTMLElement>(null);
  const shown = useRef(page);
  useLayoutEffect(() => {
    // A page change moves the focus to the new page; the first drawing leaves it where the browser put it.
    if (shown.current !== page) {
      shown.current = page;
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
  }, [page]);
  return (
    <>
      {/* A button, because the hash is the route: following a link to #main would leave the page. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Masthead page={page} theme={props.theme} />
      <OfflineNote dashboard={dashboard} />
      <UpdateBanner dashboard={dashboard} />
      <main class="page" id="main" tabIndex={-1} ref={main}>
        {pageOf(props)}
      </main>
      <Footer dashboard={dashboard} shortcuts={props.shortcuts} />
      <p class="visually-hidden" role="status" aria-live="polite">
        {dashboard.said}
      </p>
    </>
  );
}

/** Not part of the first load: few visitors keep archives or run the experiment. */
const loadArchivesPage = () => import("./pages/archives-page.tsx");
const loadAvailabilityPage = () => import("./pages/availability-page.tsx");

function pageOf({ dashboard, route, probeHost }: AppProps): JSX.Element {
  const { page, rest } = route.value;
  switch (page) {
    case "mirror":
      return <MirrorPage dashboard={dashboard} />;
    case "archives":
      return <LatePage load={loadArchivesPage} dashboard={dashboard} />;
    case "fetch":
      return <FetchPage dashboard={dashboard} host={probeHost} path={rest} />;
    case "availability":
      return <LatePage load={loadAvailabilityPage} dashboard={dashboard} />;
    case "about":
      return <AboutPage dashboard={dashboard} />;
    case "unknown":
      return <UnknownPage name={rest} />;
  }
}
