import type { Slice } from "../cooperation/slice.ts";
import type { ManifestBuilder } from "./manifest.ts";
import { packageAt } from "./served-name.ts";

const dot = 0x2e;
const latin1 = new TextDecoder("latin1");

/** Distinct package names, and `name.version` folders with an opam file. */
export async function countPackages(
  builder: ManifestBuilder,
  slice: Slice,
): Promise<{ readonly packages: number; readonly versions: number }> {
  const names = new Set<string>();
  let last = new Uint8Array(0);
  let versions = 0;
  await builder.eachPath((paths, from, to) => {
    const name = packageAt(paths, from, to);
    if (name < 0) return;
    versions++;
    const end = paths.indexOf(dot, name);
    // The versions of a package follow one another: its name is decoded once.
    if (sameBytes(last, paths, name, end)) return;
    last = paths.slice(name, end);
    names.add(latin1.decode(last));
  }, slice);
  return { packages: names.size, versions };
}

function sameBytes(name: Uint8Array, path: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let i = from; i < to; i++) if (name[i - from] !== path[i]) return false;
  return true;
}
