/** Type numbers of packed objects (Git documentation, gitformat-pack). */
export const objectTypes = { commit: 1, tree: 2, blob: 3, tag: 4, ofsDelta: 6, refDelta: 7 } as const;

export type ObjectKind = "commit" | "tree" | "blob" | "tag";

const kinds: readonly (ObjectKind | undefined)[] = [undefined, "commit", "tree", "blob", "tag"];

export function kindOf(type: number): ObjectKind | undefined {
  return kinds[type];
}

/** Type number of a kind, or 0 for none of the four. */
export function typeOf(kind: string): number {
  return Math.max(0, kinds.indexOf(kind as ObjectKind));
}
