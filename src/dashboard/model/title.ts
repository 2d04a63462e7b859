import type { Status } from "../../protocol/status.ts";
import { pages, type Route } from "./route.ts";
import { overallFraction, stateWord } from "./steps.ts";

/** The document's title: what a glance at the tab should tell. */
export function pageTitle(route: Route, status: Status | null, failed: boolean): string {
  const name = "opam mirror";
  if (route.page === "unknown") return `Not found – ${name}`;
  if (route.page !== "mirror") return `${pages.find((page) => page.id === route.page)?.label ?? ""} – ${name}`;
  if (failed) return `Not started – ${name}`;
  const repository = status?.repositories.find((candidate) => candidate.state !== "ready") ?? status?.repositories[0];
  if (repository === undefined) return name;
  const percent = repository.state === "syncing" ? `${Math.floor(overallFraction(repository) * 100)} % ` : "";
  return `${percent}${stateWord(repository)} – ${name}`;
}
