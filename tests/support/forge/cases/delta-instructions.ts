import { copy, delta, deltaBetween, deltaSize, insert } from "../delta-forge.ts";
import { CaseList, type CaseOptions, type ForgedPack } from "../forged-pack.ts";
import { bytes, concat, type GitObject } from "../git-object.ts";

/** What deltas do to their base. */
export function deltaInstructionCases(): ForgedPack[] {
  return [sizes(), copies(), instructions(), remains(), results()].flatMap((list) => list.cases);
}

const codes = ["delta-corrupt", "pack-corrupt", "object-corrupt"] as const;

/** A delta on `alpha.1.0/opam`; the tree needs what it should have made, so that a lenient reader misses an object instead. */
function onOpam(
  list: CaseList,
  title: string,
  make: (base: Uint8Array, result: Uint8Array) => Uint8Array,
  own: CaseOptions = {},
): void {
  list.forge(
    title,
    (pack, sample) => {
      let base = 0;
      for (const object of sample.objects) {
        if (object === sample.opam) base = pack.offset;
        if (object !== sample.nextOpam) pack.object(object);
      }
      pack.ofsDelta(base, make(sample.opam.data, sample.nextOpam.data));
    },
    own,
  );
}

/** The right instructions without the two sizes. */
function body(base: Uint8Array, result: Uint8Array): Uint8Array {
  return deltaBetween(base, result).subarray(deltaSize(base.length).length + deltaSize(result.length).length);
}

function sizes(): CaseList {
  const list = new CaseList("delta sizes", { codes: [...codes, "pack-limit"] });
  for (const difference of [-1, 1]) {
    const sign = difference > 0 ? "+1" : "-1";
    onOpam(list, `base size ${sign}`, (base, result) =>
      delta(base.length + difference, result.length, body(base, result)),
    );
    onOpam(list, `result size ${sign}`, (base, result) =>
      delta(base.length, result.length + difference, body(base, result)),
    );
  }
  onOpam(list, "base size 0", (base, result) => delta(0, result.length, body(base, result)));
  onOpam(list, "result size 0", (base, result) => delta(base.length, 0, body(base, result)));
  onOpam(list, "base size 2^31", (base, result) => delta(2 ** 31, result.length, body(base, result)));
  onOpam(list, "result size 2^30", (base, result) => delta(base.length, 2 ** 30, body(base, result)));
  onOpam(list, "result size 2^50", (base, result) => delta(base.length, 2 ** 50, body(base, result)));
  onOpam(list, "base size never ends", () => new Uint8Array(30).fill(0x81));
  onOpam(list, "result size never ends", (base) => concat(deltaSize(base.length), new Uint8Array(30).fill(0x81)));
  return list;
}

function copies(): CaseList {
  const list = new CaseList("delta copy range", { codes: [...codes, "pack-limit"] });
  const one = (title: string, make: (base: Uint8Array) => Uint8Array, size: (base: Uint8Array) => number) =>
    onOpam(list, title, (base) => delta(base.length, size(base), make(base)));
  one(
    "one byte beyond the end",
    (base) => copy(0, base.length + 1),
    (base) => base.length + 1,
  );
  one(
    "starts at the end",
    (base) => copy(base.length, 4),
    () => 4,
  );
  one(
    "starts far beyond the end",
    () => copy(0xfffffff0, 4),
    () => 4,
  );
  one(
    "offset and size wrap 32 bits",
    () => copy(0xffffffff, 2),
    () => 2,
  );
  one(
    "size left out, which means 64 KiB",
    () => Uint8Array.of(0x80),
    () => 0x10000,
  );
  one(
    "size 0 bytes present, which means 64 KiB",
    () => Uint8Array.of(0xf0, 0, 0, 0),
    () => 0x10000,
  );
  one(
    "sixteen megabytes",
    () => copy(0, 0xffffff),
    () => 0xffffff,
  );
  return list;
}

function instructions(): CaseList {
  const list = new CaseList("delta instruction", { codes });
  onOpam(list, "reserved instruction 0 first", (base, result) =>
    delta(base.length, result.length, Uint8Array.of(0), body(base, result)),
  );
  onOpam(list, "reserved instruction 0 last", (base, result) =>
    delta(base.length, result.length, body(base, result), Uint8Array.of(0)),
  );
  onOpam(list, "only instruction 0", (base, result) => delta(base.length, result.length, Uint8Array.of(0)));
  for (const missing of [1, 3]) {
    onOpam(list, `insert ${missing} bytes short`, (base) =>
      delta(base.length, 20, concat(Uint8Array.of(20), "x".repeat(20 - missing))),
    );
  }
  onOpam(list, "copy without its operands", (base) => delta(base.length, 4, Uint8Array.of(0xff)));
  onOpam(list, "copy with its last operand missing", (base) => delta(base.length, 4, Uint8Array.of(0x93, 0, 0)));
  onOpam(list, "no instructions", (base, result) => delta(base.length, result.length));
  onOpam(list, "no bytes at all", () => new Uint8Array(0));
  onOpam(list, "only the base size", (base) => deltaSize(base.length));
  onOpam(list, "three bytes that make an empty file", (base) => delta(base.length, 0), {
    note: "well formed, but Git takes no delta of fewer than four bytes",
  });
  return list;
}

function remains(): CaseList {
  const list = new CaseList("delta trailing", { codes });
  const extra: readonly [string, Uint8Array][] = [
    ["another insert", insert("more")],
    ["another copy", copy(0, 8)],
    ["the head of a copy", Uint8Array.of(0x91)],
    ["bytes", bytes("junk after the end")],
  ];
  for (const [title, more] of extra) {
    onOpam(list, `${title} after the result is full`, (base, result) => concat(deltaBetween(base, result), more));
  }
  onOpam(list, "the result is passed in the middle of an insert", (base, result) =>
    delta(base.length, result.length, copy(0, result.length - 2), insert("four")),
  );
  return list;
}

function results(): CaseList {
  const list = new CaseList("delta result", { codes: [...codes, "object-missing", "tree-forbidden"] });
  const replaced = (title: string, pick: "root" | "tip" | "opam", make: (object: GitObject) => Uint8Array) =>
    list.forge(title, (pack, sample) => {
      const base = sample[pick];
      pack.objects(sample.objects);
      pack.refDelta(base.oid, deltaBetween(base.data, make(base)));
    });
  replaced("a tree that is cut in an id", "root", ({ data }) => data.subarray(0, -7));
  replaced("a tree with an entry `..`", "root", ({ data }) => concat("40000 ..\0", data.subarray(-20), data));
  replaced("a commit without a tree", "tip", ({ data }) => data.subarray(46));
  list.forge(
    "another text than the tree needs",
    (pack, sample) => {
      pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
      pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, concat(sample.nextOpam.data, "# more\n")));
    },
    { codes: ["object-missing"] },
  );
  list.forge(
    "a blob's text on a tree: the wrong kind",
    (pack, sample) => {
      pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
      pack.refDelta(sample.root.oid, deltaBetween(sample.root.data, sample.nextOpam.data));
    },
    { codes: ["object-missing", "object-corrupt", "tree-forbidden"], note: "a delta has the kind of its base" },
  );
  return list;
}
