import { MirrorError } from "../core/errors.ts";
import { parseChecksum } from "../core/opam/checksum.ts";
import type { Keeping } from "../store/records.ts";
import type { Store } from "../store/store.ts";

type Records = Pick<Store, "repositories" | "saveKeeping">;

/** Of a repository of which nothing was said. */
export const keepsNothing: Keeping = { what: [], paused: false, limitBytes: null };

/** Adds to what a repository keeps, or takes from it. What cannot be kept, by its form, is left out. Throws `unknown-repository`. */
export async function changeKept(
  store: Records,
  repository: string,
  type: "keep" | "release",
  what: readonly string[],
): Promise<void> {
  const record = (await store.repositories()).find(({ name }) => name === repository);
  if (record === undefined) throw new MirrorError("unknown-repository", { name: repository });
  const kept = new Set((record.keeping ?? keepsNothing).what);
  for (const text of what) {
    if (type === "release") kept.delete(text);
    else if (isKeepable(text)) kept.add(text);
  }
  await store.saveKeeping(repository, { ...keepsNothing, ...record.keeping, what: [...kept] });
}

/** What holds for the whole store is written down in every repository. */
export async function changeKeeping(
  store: Records,
  change: Partial<Pick<Keeping, "paused" | "limitBytes">>,
): Promise<void> {
  for (const { name, keeping } of await store.repositories())
    await store.saveKeeping(name, { ...keepsNothing, ...keeping, ...change });
}

/** Everything, a checksum, a package's name or version (opam manual, "Common file format"). */
export function isKeepable(text: string): boolean {
  if (text === "*") return true;
  if (text.includes("=")) return parseChecksum(text) !== null;
  return /^[\w+-]+(?:\.[\w+.~-]+)?$/.test(text) && text.length <= 200;
}
