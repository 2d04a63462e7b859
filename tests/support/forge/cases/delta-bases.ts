import { deltaBetween } from "../delta-forge.ts";
import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { absentOid, blob, bytes, type GitObject, nullOid } from "../git-object.ts";
import { offsetBytes } from "../pack-forge.ts";

/** Where deltas say their base is. */
export function deltaBaseCases(): ForgedPack[] {
  return [offsets(), cycles(), missing()].flatMap((list) => list.cases);
}

const text = (name: string): GitObject => blob(`${"a text that several blobs share ".repeat(4)}${name}\n`);

function offsets(): CaseList {
  const list = new CaseList("delta base offset", { codes: ["delta-corrupt", "pack-corrupt", "delta-base-missing"] });
  const shapes: readonly [string, (end: number, opam: number) => number][] = [
    ["itself (distance 0)", (end) => end],
    ["before the pack", () => -100],
    ["the first byte of the pack", () => 0],
    ["the last byte of the pack's header", () => 11],
    ["one byte into another entry", (_, opam) => opam + 1],
    ["ten bytes into another entry", (_, opam) => opam + 10],
    ["one byte before another entry", (_, opam) => opam - 1],
    ["the byte before itself", (end) => end - 1],
    ["2^40 bytes before itself", (end) => end - 2 ** 40],
  ];
  for (const [title, base] of shapes) {
    list.forge(title, (pack, sample) => {
      let opam = 0;
      for (const object of sample.objects) {
        if (object === sample.opam) opam = pack.offset;
        if (object !== sample.nextOpam) pack.object(object);
      }
      pack.ofsDelta(base(pack.offset, opam), deltaBetween(sample.opam.data, sample.nextOpam.data));
    });
  }
  list.forge("a distance that never ends", (pack, sample) => {
    pack.objects(sample.objects);
    pack.ofsDeltaRaw(new Uint8Array(40).fill(0x81), deltaBetween(sample.opam.data, bytes("x")));
  });
  list.forge("a distance that wraps 64 bits to the right one", (pack, sample) => {
    pack.objects(sample.objects.filter((object) => object !== sample.nextOpam && object !== sample.opam));
    const opam = pack.object(sample.opam);
    const distance = offsetBytes(pack.offset - opam);
    const wrapping = new Uint8Array([
      ...new Uint8Array(9).fill(0xff),
      ...distance.map((byte, i) => (i < distance.length - 1 ? byte | 0x80 : byte)),
    ]);
    pack.ofsDeltaRaw(wrapping, deltaBetween(sample.opam.data, sample.nextOpam.data));
  });
  list.forge(
    "a pack that is one delta on itself",
    (pack, sample) => {
      pack.ofsDelta(pack.offset, deltaBetween(sample.opam.data, sample.nextOpam.data));
    },
    { note: "the smallest endless loop" },
  );
  list.forge("an offset behind itself, by a distance too small for the gap", (pack, sample) => {
    pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
    pack.ofsDelta(pack.offset - 2, deltaBetween(sample.opam.data, sample.nextOpam.data));
  });
  return list;
}

function cycles(): CaseList {
  const list = new CaseList("delta cycle", {
    codes: ["delta-base-missing", "delta-corrupt", "pack-corrupt", "object-missing"],
  });
  for (const length of [1, 2, 3, 50]) {
    const ring = Array.from({ length }, (_, i) => text(`ring ${length} ${i}`));
    list.forge(`ref-deltas in a ring of ${length}`, (pack, sample) => {
      pack.objects(sample.objects);
      ring.forEach((object, i) => {
        const base = ring[(i + 1) % length];
        if (base !== undefined) pack.refDelta(base.oid, deltaBetween(base.data, object.data));
      });
    });
  }
  list.forge("an ofs-delta on a ref-delta on the ofs-delta", (pack, sample) => {
    const [a, b] = [text("a"), text("b")];
    pack.objects(sample.objects);
    const first = pack.refDelta(b.oid, deltaBetween(b.data, a.data));
    pack.ofsDelta(first, deltaBetween(a.data, b.data));
  });
  list.forge("a ring that the tip's opam file hangs on", (pack, sample) => {
    const a = text("hung");
    pack.objects(sample.objects.filter((object) => object !== sample.opam));
    pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, a.data));
    pack.refDelta(a.oid, deltaBetween(a.data, sample.opam.data));
  });
  return list;
}

function missing(): CaseList {
  const list = new CaseList("delta base missing", { codes: ["delta-base-missing"] });
  list.forge("an unneeded blob", (pack, sample) => {
    pack.objects(sample.objects);
    pack.refDelta(absentOid, deltaBetween(bytes("gone"), bytes("here")));
  });
  list.forge("the null id", (pack, sample) => {
    pack.objects(sample.objects);
    pack.refDelta(nullOid, deltaBetween(bytes("gone"), bytes("here")));
  });
  for (const name of ["opam", "root", "tip"] as const) {
    list.forge(
      `the base of the ${name === "opam" ? "opam file" : name === "root" ? "root tree" : "commit"}`,
      (pack, sample) => {
        const gone = text("gone");
        pack.objects(sample.objects.filter((object) => object !== sample[name]));
        pack.refDelta(gone.oid, deltaBetween(gone.data, sample[name].data));
      },
    );
  }
  list.forge("the base of a base", (pack, sample) => {
    const [gone, middle] = [text("gone"), text("middle")];
    pack.objects(sample.objects.filter((object) => object !== sample.opam));
    const at = pack.refDelta(gone.oid, deltaBetween(gone.data, middle.data));
    pack.ofsDelta(at, deltaBetween(middle.data, sample.opam.data));
  });
  list.forge("of a thousand deltas", (pack, sample) => {
    const gone = text("gone");
    pack.objects(sample.objects);
    for (let i = 0; i < 1000; i++) pack.refDelta(gone.oid, deltaBetween(gone.data, text(`delta ${i}`).data));
  });
  return list;
}
