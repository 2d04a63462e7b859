import { OperatorError } from "./operator-error.ts";

/** The path below which everything is served, with a slash at both ends. Throws an OperatorError for a path that cannot be one. */
export function basePath(text: string): string {
  const segments = text.split("/").filter((segment) => segment !== "");
  for (const segment of segments) {
    // Only characters that every URL parser leaves alone: the base is compared byte by byte.
    if (!/^[A-Za-z0-9._~-]+$/.test(segment) || segment === "." || segment === "..") {
      throw new OperatorError(
        "usage",
        `--base ${text}: "${segment}" cannot be part of it. Use letters, digits and . _ ~ - between slashes, e.g. /demo/.`,
      );
    }
  }
  return segments.length === 0 ? "/" : `/${segments.join("/")}/`;
}
