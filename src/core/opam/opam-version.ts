import { SyntaxFault } from "./syntax-fault.ts";
import type { Item } from "./syntax-tree.ts";

type MajorMinor = readonly [major: number, minor: number];

/**
 * The rule of opam 2.1 on `opam-version` (opam manual, "opam-version"): 2.1 and later must be the first field, and is not
 * repeated. Throws SyntaxFault.
 */
export function checkOpamVersion(text: string, items: readonly Item[]): void {
  const first = items[0] === undefined ? null : opamVersion(items[0]);
  for (let i = 1; i < items.length; i++) {
    const version = opamVersion(items[i]!);
    if (version === null) continue;
    if (first !== null && isNewer(first, [2, 0])) {
      throw new SyntaxFault(text, items[i]!.start, "opam-version cannot be repeated");
    }
    if (isNewer(version, [2, 0])) {
      throw new SyntaxFault(text, items[i]!.start, "opam-version must be the first field");
    }
  }
}

function opamVersion(item: Item): MajorMinor | null {
  if (item.kind !== "field" || item.name !== "opam-version" || item.value.kind !== "string") return null;
  return majorMinor(item.value.value);
}

/** As opam reads it: what follows the second dot, or the digits, does not count. What is no version is 0.0. */
function majorMinor(version: string): MajorMinor {
  const parts = version.split(".");
  const head = parts.length > 2 ? parts.slice(0, 2).join(".") : /^[0-9.]*/.exec(version)![0];
  const found = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(head);
  return found === null ? [0, 0] : [Number(found[1]), Number(found[2] ?? 0)];
}

function isNewer(version: MajorMinor, than: MajorMinor): boolean {
  return version[0] > than[0] || (version[0] === than[0] && version[1] > than[1]);
}
