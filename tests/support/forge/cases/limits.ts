import { constants, deflateRawSync } from "node:zlib";
import { zlibStream } from "../deflate-forge.ts";
import { copy, delta, deltaBetween, insert } from "../delta-forge.ts";
import { CaseList, type CaseOptions, type ForgedPack } from "../forged-pack.ts";
import { blob, bytes, commit, concat, file, folder, type GitObject, tree } from "../git-object.ts";

/** Packs that are right and too much, and small packs that unfold into much. */
export function limitCases(): ForgedPack[] {
  return [limits(), depths(), inflateBombs(), deltaBombs(), pathBombs()].flatMap((list) => list.cases);
}

const stricter = {
  codes: ["pack-limit"],
  git: "accept",
  note: "stricter than Git by our own limit",
} as const satisfies CaseOptions;

function limits(): CaseList {
  const list = new CaseList("limit", stricter);
  const big = (size: number): GitObject => blob(new Uint8Array(size).fill(120));
  const inPackage = (object: GitObject) => ({ version: [file("data", object)], objects: [object] });
  list.repository("a blob of 1 MiB and a byte", inPackage(big(1024 * 1024 + 1)));
  list.repository("a blob of 8 MiB", inPackage(big(8 * 1024 * 1024)));
  list.repository("a blob over a limit of 4 KiB", inPackage(big(4097)), { limits: { blobBytes: 4096 } });
  const wide = tree(Array.from({ length: 200 }, (_, i) => file(`file-${String(i).padStart(4, "0")}`, big(1))));
  list.repository(
    "a tree over a limit of 4 KiB",
    { packages: [folder("wide", wide)], objects: [wide, big(1)] },
    { limits: { treeBytes: 4096 } },
  );
  list.repository("more objects than the limit", {}, { limits: { objects: 12 } });
  list.repository("more bytes of pack than the limit", {}, { limits: { packBytes: 600 } });
  list.repository("more inflated bytes than the limit", inPackage(big(50_000)), { limits: { inflatedBytes: 40_000 } });
  list.repository(
    "more files than the limit",
    { packages: [folder("wide", wide)], objects: [wide, big(1)] },
    { limits: { files: 150 } },
  );
  const long = tree([file("opam", big(1))]);
  list.repository(
    "a path over 255 bytes",
    { packages: [folder(`${"p".repeat(250)}.1`, long)], objects: [long, big(1)] },
    {
      expect: "skip-count",
      eitherIsRight: true,
    },
  );
  const nested = nest(9, file("opam", big(1)));
  list.repository(
    "a path deeper than eight folders",
    { packages: [folder("deep", nested[0] ?? long)], objects: [...nested, big(1)] },
    {
      expect: "skip-count",
      eitherIsRight: true,
    },
  );
  return list;
}

/** Folders within folders, the outermost first; the innermost holds the entry. */
function nest(levels: number, entry: ReturnType<typeof file>): GitObject[] {
  const out = [tree([entry])];
  for (let i = 1; i < levels; i++) out.unshift(tree([folder("d", out[0] ?? tree([]))]));
  return out;
}

function depths(): CaseList {
  const list = new CaseList("depth", { ...stricter, note: "a reader that recurses overflows its stack" });
  for (const depth of [65, 300, 3000]) {
    list.forge(`a chain of ${depth} deltas, in order`, (pack, sample) => {
      pack.objects(sample.objects);
      let base = sample.opam.data;
      let at = pack.offset;
      pack.object(blob(concat(base, "chain")));
      base = concat(base, "chain");
      for (let i = 0; i < depth; i++) {
        const next = concat(sample.opam.data, `chain ${i}`);
        at = pack.ofsDelta(at, deltaBetween(base, next));
        base = next;
      }
    });
  }
  list.forge("a chain of 300 ref-deltas, last first", (pack, sample) => {
    pack.objects(sample.objects);
    const texts = Array.from({ length: 301 }, (_, i) => blob(concat(sample.opam.data, `chain ${i}`)));
    for (let i = 300; i > 0; i--) {
      const [base, result] = [texts[i - 1], texts[i]];
      if (base !== undefined && result !== undefined) pack.refDelta(base.oid, deltaBetween(base.data, result.data));
    }
    pack.objects(texts.slice(0, 1));
  });
  const deep = nest(3000, file("opam", blob("x")));
  list.repository(
    "folders nested 3,000 deep",
    { packages: [folder("deep", deep[0] ?? tree([]))], objects: [...deep, blob("x")] },
    {
      expect: "skip-count",
      eitherIsRight: true,
      note: "Git 2.43 and later refuse this too, at 2048 levels",
      codes: ["pack-limit", "object-corrupt", "tree-forbidden"],
    },
  );
  return list;
}

/** A stream of `megabytes` zeros made of one flushed block again and again. Its checksum is right for `claimed` only. */
function zeros(megabytes: number): Uint8Array {
  const one = new Uint8Array(1024 * 1024);
  const block = deflateRawSync(one, { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const end = deflateRawSync(new Uint8Array(0));
  return zlibStream(concat(...new Array<Uint8Array>(megabytes).fill(block), end), new Uint8Array(0));
}

function inflateBombs(): CaseList {
  const list = new CaseList("zlib bomb", {
    codes: ["pack-corrupt", "pack-limit", "object-corrupt"],
    note: "must stop at the size that the header names",
  });
  const plain: readonly [string, number, number][] = [
    ["1 GiB behind a size of 10", 10, 1024],
    ["64 MiB behind a size of 0", 0, 64],
    ["64 MiB behind a size of 1 MiB", 1024 * 1024, 64],
  ];
  for (const [title, size, megabytes] of plain) {
    list.forge(title, (pack, sample) => {
      pack.objects(sample.objects);
      pack.entry(3, new Uint8Array(0), { size, zlib: zeros(megabytes) });
    });
  }
  list.forge(
    "a delta of 64 MiB behind a size of 10",
    (pack, sample) => {
      pack.objects(sample.objects);
      pack.refDelta(sample.opam.oid, new Uint8Array(0), { size: 10, zlib: zeros(64) });
    },
    { codes: ["pack-corrupt", "pack-limit", "delta-corrupt"] },
  );
  list.forge(
    "a commit of 32 MiB, honestly announced",
    (pack, sample) => {
      pack.objects(sample.objects);
      pack.object(commit({ tree: sample.root.oid, message: "m".repeat(32 * 1024 * 1024) }));
    },
    { ...stricter },
  );
  list.forge(
    "forty blobs that add up, each within its limit",
    (pack, sample) => {
      pack.objects(sample.objects);
      for (let i = 0; i < 40; i++) pack.object(blob(new Uint8Array(100_000).fill(i)));
    },
    { ...stricter, limits: { inflatedBytes: 2_000_000 } },
  );
  return list;
}

function deltaBombs(): CaseList {
  const list = new CaseList("delta bomb", { ...stricter, codes: ["pack-limit", "delta-corrupt"] });
  list.forge("64 KiB copied 512 times", (pack, sample) => {
    const base = new Uint8Array(65536).fill(98);
    pack.objects(sample.objects);
    const at = pack.object(blob(base));
    pack.ofsDelta(at, delta(base.length, 512 * 65536, ...new Array<Uint8Array>(512).fill(copy(0, 65536))));
  });
  list.forge("doubled fifteen times", (pack, sample) => {
    pack.objects(sample.objects);
    let size = 512;
    let at = pack.object(blob(new Uint8Array(size).fill(99)));
    for (let i = 0; i < 15; i++) {
      at = pack.ofsDelta(at, delta(size, size * 2, copy(0, size), copy(0, size)));
      size *= 2;
    }
  });
  list.forge(
    "a thousand results of one base, each within its limit",
    (pack, sample) => {
      const base = new Uint8Array(50_000).fill(100);
      pack.objects(sample.objects);
      const at = pack.object(blob(base));
      for (let i = 0; i < 1000; i++)
        pack.ofsDelta(at, delta(base.length, base.length + 4, copy(0, base.length), insert(bytes(String(1000 + i)))));
    },
    { limits: { inflatedBytes: 10_000_000 } },
  );
  list.forge(
    "claims 1 GiB, delivers four bytes",
    (pack, sample) => {
      pack.objects(sample.objects);
      pack.refDelta(sample.opam.oid, delta(sample.opam.data.length, 2 ** 30, insert(bytes("four"))));
    },
    { git: "refuse" },
  );
  return list;
}

/** A folder with `width` entries that are all the same folder, `levels` deep: width^levels paths of a few hundred bytes. */
function fan(levels: number, width: number): GitObject[] {
  const leaf = blob("leaf");
  const out = [tree(Array.from({ length: width }, (_, i) => file(`f${i}`, leaf)))];
  for (let i = 1; i < levels; i++) {
    const inner = out[0] ?? tree([]);
    out.unshift(tree(Array.from({ length: width }, (_, n) => folder(`d${n}`, inner))));
  }
  return [...out, leaf];
}

function pathBombs(): CaseList {
  const list = new CaseList("path bomb", { ...stricter, note: "few objects, very many paths" });
  for (const [title, levels, width] of [
    ["10^10 paths, ten wide and ten deep", 10, 10],
    ["10^10 paths, a hundred wide and five deep", 5, 100],
    ["10^12 paths, ten thousand wide and three deep", 3, 10_000],
  ] as const) {
    const objects = fan(levels, width);
    const [top] = objects;
    // Ten folders are deeper than a path may be: a reader may leave those paths out, if it finds that out early.
    const own: CaseOptions = levels > 8 ? { eitherIsRight: true } : {};
    if (top !== undefined) list.repository(title, { packages: [folder("fan", top)], objects }, own);
  }
  const objects = fan(5, 100);
  const [top] = objects;
  if (top !== undefined) {
    list.repository(
      "10^10 paths outside packages/",
      { root: [folder("fan", top)], objects },
      {
        eitherIsRight: true,
        note: "not served; a walk of the paths must end early, a walk of the objects is short",
      },
    );
  }
  return list;
}
