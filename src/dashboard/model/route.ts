/** The pages that exist. A page is added here and in `pages/`, nowhere else. */
export const pages = [
  { id: "mirror", hash: "#/", label: "Mirror" },
  { id: "archives", hash: "#/archives", label: "Archives" },
  { id: "fetch", hash: "#/fetch", label: "Fetch" },
  { id: "availability", hash: "#/availability", label: "Availability" },
  { id: "about", hash: "#/about", label: "About" },
] as const;

export type PageId = (typeof pages)[number]["id"];

export interface Route {
  readonly page: PageId | "unknown";
  /** What follows the page, decoded: `#/fetch/packages/dune` → `packages/dune`. */
  readonly rest: string;
}

/** Reads a location's hash. Never throws: malformed escapes are taken as they are. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#\/?/, "");
  const slash = text.indexOf("/");
  const head = slash < 0 ? text : text.slice(0, slash);
  const rest = slash < 0 ? "" : decoded(text.slice(slash + 1));
  if (head === "") return { page: "mirror", rest: "" };
  const page = pages.find((candidate) => candidate.hash === `#/${head}`);
  return page === undefined ? { page: "unknown", rest: decoded(text) } : { page: page.id, rest };
}

/** The hash that opens the fetch page with `path` filled in. */
export function fetchHash(path: string): string {
  return `#/fetch/${path.split("/").map(encodeURIComponent).join("/")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
