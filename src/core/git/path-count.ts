import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { objectTypes } from "./object-type.ts";
import type { PackReader } from "./pack-reader.ts";
import { isTree, TreeCursor } from "./tree.ts";

/** Folders come on top of files: a package version is a folder with one file, mostly. */
const pathsPerFile = 4;

/**
 * Throws `pack-limit` when the tree describes far more paths than `files` allows. A few kilobytes of trees that name one another can
 * describe 10¹⁰ paths: each tree is counted once, so that this is known before anybody walks them.
 */
export async function assertCountable(reader: PackReader, root: number, files: number, slice: Slice): Promise<void> {
  const { table } = reader;
  const allowed = files * pathsPerFile;
  /** Paths below each tree; 0 while unknown, as a tree counts itself. */
  const paths = new Float64Array(table.count);
  const stack = [root];
  const entry = new TreeCursor();
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    let sum = 1;
    let known = true;
    if (paths[top] === 0) {
      const { bytes, from, size } = reader.content(top);
      entry.open(bytes, from, from + size);
      while (entry.next()) {
        const child = isTree(entry.mode) ? table.find(bytes, entry.oidAt) : -1;
        if (child < 0 || table.types[child] !== objectTypes.tree) sum++;
        else if (paths[child]! > 0) sum += paths[child]!;
        else {
          known = false;
          stack.push(child);
        }
      }
      if (known) paths[top] = sum;
    }
    if (paths[top]! > allowed)
      throw new MirrorError("pack-limit", { limit: "the number of paths", allowed, found: paths[top]! });
    if (known) stack.pop();
    if (slice.due()) await slice.pause();
  }
}
