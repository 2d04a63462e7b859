import { copy, delta, deltaBetween } from "./delta-forge.ts";
import type { ForgedPack } from "./forged-pack.ts";
import { absentOid, blob, concat, file, type GitObject } from "./git-object.ts";
import { PackForge } from "./pack-forge.ts";
import { type Sample, sampleRepository } from "./sample-repository.ts";

/** A pack of a second sync: what it leaves out, the receiver has in `prior`. */
export interface ThinPack extends ForgedPack {
  readonly prior: Uint8Array;
  /** The commit that was synced from `prior`. */
  readonly priorCommit: string;
}

type Own = Pick<ThinPack, "expect" | "codes" | "note">;

const accept = (note = ""): Own => ({ expect: "accept", codes: [], note });
const refuse = (...codes: ThinPack["codes"]): Own => ({ expect: "refuse", codes, note: "" });

/** Updates whose deltas have their bases in an earlier pack. Kept apart from the other forged packs: they need two syncs. */
export function thinPacks(): ThinPack[] {
  const out: ThinPack[] = [];
  const add = (title: string, own: Own, forge: (pack: PackForge, next: Next) => string | undefined): void => {
    const next = update(title);
    const pack = new PackForge();
    const commit = forge(pack, next) ?? next.after.tip.oid;
    out.push({
      class: own.expect === "accept" ? "valid: thin" : "thin",
      title,
      pack: pack.finish(),
      commit,
      boundary: [next.before.tip.oid, next.after.tip.oid],
      git: own.expect === "accept" ? "accept" : "refuse",
      prior: new PackForge().objects(next.before.objects).finish(),
      priorCommit: next.before.tip.oid,
      ...own,
    });
  };
  add("new objects only, no delta", accept(), (pack, { fresh }) => void pack.objects(fresh));
  add("a file as a delta on the earlier pack's", accept(), (pack, { fresh, data, before }) => {
    pack.objects(fresh.filter((object) => object !== data));
    pack.refDelta(before.opam.oid, deltaBetween(before.opam.data, data.data));
  });
  add("trees and commit as deltas on the earlier ones", accept(), (pack, { fresh, before, after }) => {
    pack.objects(fresh.filter((object) => object !== after.root && object !== after.tip));
    pack.refDelta(before.root.oid, deltaBetween(before.root.data, after.root.data));
    pack.refDelta(before.tip.oid, deltaBetween(before.tip.data, after.tip.data));
  });
  add("a chain that starts in the earlier pack", accept(), (pack, { fresh, data, before }) => {
    const middle = concat(before.opam.data, "# middle\n");
    pack.objects(fresh.filter((object) => object !== data));
    const at = pack.refDelta(before.opam.oid, deltaBetween(before.opam.data, middle));
    pack.ofsDelta(at, deltaBetween(middle, data.data));
  });
  add("an object that the receiver has already", accept("sent again, the same bytes"), (pack, { fresh, before }) => {
    pack.objects([...fresh, before.opam]);
  });
  add("no objects, the commit is known", accept("nothing has changed"), (_, { before }) => before.tip.oid);
  add("a base that is in neither pack", refuse("delta-base-missing"), (pack, { fresh, data }) => {
    pack.objects(fresh.filter((object) => object !== data));
    pack.refDelta(absentOid, deltaBetween(concat("gone"), data.data));
  });
  add("a file in neither pack", refuse("object-missing"), (pack, { fresh, data }) => {
    pack.objects(fresh.filter((object) => object !== data));
  });
  add("a tree in neither pack", refuse("object-missing"), (pack, { fresh, after }) => {
    pack.objects(fresh.filter((object) => object !== after.packages));
  });
  add(
    "a base of another size than the delta says",
    refuse("delta-corrupt", "pack-corrupt"),
    (pack, { fresh, data, before }) => {
      pack.objects(fresh.filter((object) => object !== data));
      pack.refDelta(before.opam.oid, deltaBetween(concat(before.opam.data, "x"), data.data));
    },
  );
  add("a copy beyond the earlier pack's base", refuse("delta-corrupt", "pack-corrupt"), (pack, { fresh, before }) => {
    pack.objects(fresh);
    const { length } = before.opam.data;
    pack.refDelta(before.opam.oid, delta(length, 64, copy(length - 10, 64)));
  });
  add(
    "a base of another kind",
    refuse("object-corrupt", "object-missing", "tree-forbidden"),
    (pack, { fresh, data, before }) => {
      pack.objects(fresh.filter((object) => object !== data));
      pack.refDelta(before.root.oid, deltaBetween(before.root.data, data.data));
    },
  );
  add("no objects, the commit is new", refuse("object-missing", "pack-corrupt"), () => undefined);
  add("objects that are there, and the commit is not", refuse("object-missing"), (pack, { fresh, after }) => {
    pack.objects(fresh.filter((object) => object !== after.tip));
  });
  return out;
}

interface Next {
  readonly before: Sample;
  readonly after: Sample;
  /** The file that the update adds. */
  readonly data: GitObject;
  /** Objects of `after` that `before` lacks. */
  readonly fresh: readonly GitObject[];
}

function update(seed: string): Next {
  const before = sampleRepository(`thin/${seed}`);
  const data = blob(concat(before.opam.data, "# patched\n"));
  const after = sampleRepository(`thin/${seed}`, {
    version: [file("patched", data)],
    objects: [data],
    commit: { parents: [before.tip.oid] },
  });
  const known = new Set(before.objects.map((object) => object.oid));
  return { before, after, data, fresh: after.objects.filter((object) => !known.has(object.oid)) };
}
