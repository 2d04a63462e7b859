import { closureCases } from "./cases/closure.ts";
import { commitCases } from "./cases/commits.ts";
import { deflateCases } from "./cases/deflate-blocks.ts";
import { deltaBaseCases } from "./cases/delta-bases.ts";
import { deltaInstructionCases } from "./cases/delta-instructions.ts";
import { entryCases } from "./cases/entries.ts";
import { framingCases } from "./cases/framing.ts";
import { limitCases } from "./cases/limits.ts";
import { treeNameCases } from "./cases/tree-names.ts";
import { treeShapeCases } from "./cases/tree-shapes.ts";
import { validCases } from "./cases/valid.ts";
import { validStreamCases } from "./cases/valid-streams.ts";
import { zlibCases } from "./cases/zlib-streams.ts";
import type { ForgedPack } from "./forged-pack.ts";

export type { ForgedPack } from "./forged-pack.ts";

/**
 * Every forged pack, the same bytes at every call. Classes whose names begin with `valid:` are the control group: without it,
 * a reader that refuses everything would pass.
 */
export function forgedPacks(): ForgedPack[] {
  return [
    ...validCases(),
    ...validStreamCases(),
    ...framingCases(),
    ...entryCases(),
    ...zlibCases(),
    ...deflateCases(),
    ...deltaBaseCases(),
    ...deltaInstructionCases(),
    ...treeNameCases(),
    ...treeShapeCases(),
    ...commitCases(),
    ...closureCases(),
    ...limitCases(),
  ];
}
