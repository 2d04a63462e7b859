import type { Slice } from "../cooperation/slice.ts";
import type { ManifestBuilder } from "./manifest.ts";
import { packageAt } from "./served-name.ts";

const slash = 0x2f;
const dot = 0x2e;
const latin1 = new TextDecoder("latin1");
const packagesBytes = "packages/".length;

/** Distinct package names, and `name.version` folders with an opam file. */
export async function countPackages(
  builder: ManifestBuilder,
  slice: Slice,
): Promise<{ readonly packages: number; readonly versions: number }> {
  let atHome = 0;
  let versions = 0;
  let last = 0;
  let lastTo = 0;
  const strays = new Set<string>();
  await builder.eachPath((paths, from, to) => {
    const name = packageAt(paths, from, to);
    if (name < 0) return;
    versions++;
    const home = from + packagesBytes;
    const homeTo = endOfHome(paths, home, name);
    if (homeTo < 0) strays.add(latin1.decode(paths.subarray(name, paths.indexOf(dot, name))));
    else if (!sameBytes(paths, last, lastTo, home, homeTo)) {
      // The folders of a package at home follow one another.
      atHome++;
      last = home;
      lastTo = homeTo;
    }
  }, slice);
  return { packages: atHome + (strays.size === 0 ? 0 : await homeless(strays, builder, slice)), versions };
}

/**
 * Where the package's own folder ends, which begins at `home`: `packages/name/name.version/opam`, as every repository has it
 * (opam manual, "Repositories"). -1 when the folder at `name` stands elsewhere.
 */
function endOfHome(paths: Uint8Array, home: number, name: number): number {
  const end = name - 1;
  const length = end - home;
  if (length <= 0 || paths[name + length] !== dot) return -1;
  for (let i = 0; i < length; i++) {
    const byte = paths[home + i];
    // A name has no dot; a folder with one is not the package's own.
    if (byte !== paths[name + i] || byte === slash || byte === dot) return -1;
  }
  return end;
}

/** Number of those names that no package at home has. */
async function homeless(names: ReadonlySet<string>, builder: ManifestBuilder, slice: Slice): Promise<number> {
  const left = new Set(names);
  await builder.eachPath((paths, from, to) => {
    const name = packageAt(paths, from, to);
    const home = from + packagesBytes;
    const homeTo = name < 0 ? -1 : endOfHome(paths, home, name);
    if (homeTo >= 0) left.delete(latin1.decode(paths.subarray(home, homeTo)));
  }, slice);
  return left.size;
}

function sameBytes(bytes: Uint8Array, left: number, leftTo: number, right: number, rightTo: number): boolean {
  if (leftTo - left !== rightTo - right) return false;
  for (let i = left, k = right; i < leftTo; i++, k++) if (bytes[i] !== bytes[k]) return false;
  return true;
}
