import { deflateSync } from "node:zlib";
import { deltaBetween } from "../delta-forge.ts";
import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { concat } from "../git-object.ts";
import { entryHeader, ofsDeltaType } from "../pack-forge.ts";

/** Types, sizes and repetition of entries. */
export function entryCases(): ForgedPack[] {
  return [...types(), ...sizeFields(), ...inflatedSizes(), ...duplicates()].flatMap((list) => list.cases);
}

function types(): CaseList[] {
  const zero = new CaseList("type 0", { codes: ["pack-corrupt"] });
  const five = new CaseList("type 5", { codes: ["pack-corrupt"] });
  for (const [type, list] of [
    [0, zero],
    [5, five],
  ] as const) {
    list.forge("an extra entry at the end", (pack, sample) => {
      pack.objects(sample.objects);
      pack.entry(type, concat("nothing"));
    });
    list.forge("an empty entry at the start", (pack, sample) => {
      pack.entry(type, new Uint8Array(0));
      pack.objects(sample.objects);
    });
    list.forge("in place of the opam file", (pack, sample) => {
      for (const object of sample.objects) {
        if (object === sample.opam) pack.entry(type, object.data);
        else pack.object(object);
      }
    });
    list.forge("without a stream", (pack, sample) => {
      pack.objects(sample.objects);
      pack.entry(type, new Uint8Array(0), { zlib: new Uint8Array(0) });
    });
  }
  return [zero, five];
}

function sizeFields(): CaseList[] {
  const list = new CaseList("size field", {
    codes: ["pack-corrupt", "pack-limit", "pack-truncated", "pack-checksum", "object-corrupt"],
  });
  list.forge("never ends", (pack, sample) => {
    pack.objects(sample.objects);
    return { count: sample.objects.length + 1, beforeTrailer: new Uint8Array(64).fill(0xb8) };
  });
  list.forge(
    "forty redundant bytes",
    (pack, sample) => {
      pack.objects(sample.objects.slice(0, -1));
      const last = sample.objects.at(-1);
      if (last !== undefined) pack.object(last, { padding: 40 });
    },
    {
      git: "accept",
      eitherIsRight: true,
      note: "Git shifts zeros out of its integer; what that does is the platform's affair",
    },
  );
  for (const size of [2n ** 31n, 2n ** 32n + 5n, 2n ** 53n, 2n ** 62n]) {
    list.forge(
      `claims ${size} bytes`,
      (pack, sample) => {
        pack.objects(sample.objects);
        pack.entry(3, concat("small"), { size });
      },
      { note: "a reader that trusts the header allocates it" },
    );
  }
  list.forge("a tree that claims 3 GiB", (pack, sample) => {
    for (const object of sample.objects) pack.object(object, object === sample.root ? { size: 3 * 2 ** 30 } : {});
  });
  list.forge(
    "a delta that claims 3 GiB",
    (pack, sample) => {
      pack.objects(sample.objects);
      pack.refDelta(sample.opam.oid, concat("\0\0\0\0"), { size: 3 * 2 ** 30 });
    },
    { codes: ["pack-corrupt", "pack-limit", "delta-corrupt"] },
  );
  return [list];
}

function inflatedSizes(): CaseList[] {
  const list = new CaseList("inflated size", { codes: ["pack-corrupt", "object-corrupt", "pack-truncated"] });
  for (const [name, pickObject] of [
    ["blob", "opam"],
    ["tree", "root"],
    ["commit", "tip"],
  ] as const) {
    for (const difference of [-1, 1]) {
      list.forge(`${name}, header ${difference > 0 ? "+1" : "-1"}`, (pack, sample) => {
        for (const object of sample.objects) {
          pack.object(object, object === sample[pickObject] ? { size: object.data.length + difference } : {});
        }
      });
    }
  }
  list.forge("header 0, stream not empty", (pack, sample) => {
    pack.objects(sample.objects);
    pack.entry(3, concat("not empty"), { size: 0 });
  });
  list.forge("header not 0, stream empty", (pack, sample) => {
    pack.objects(sample.objects);
    pack.entry(3, new Uint8Array(0), { size: 9 });
  });
  list.forge("header twice the stream", (pack, sample) => {
    pack.objects(sample.objects);
    pack.entry(3, concat("x".repeat(5000)), { size: 10_000 });
  });
  for (const difference of [-1, 1]) {
    list.forge(
      `delta, header ${difference > 0 ? "+1" : "-1"}`,
      (pack, sample) => {
        pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
        const delta = deltaBetween(sample.opam.data, sample.nextOpam.data);
        pack.refDelta(sample.opam.oid, delta, { size: delta.length + difference });
      },
      { codes: ["pack-corrupt", "delta-corrupt", "pack-truncated"] },
    );
  }
  return [list];
}

function duplicates(): CaseList[] {
  const list = new CaseList("duplicate object", {
    codes: ["pack-corrupt", "object-corrupt"],
    note: "git index-pack --strict refuses to write an index with one id twice",
  });
  for (const name of ["opam", "root", "tip"] as const) {
    list.forge(`${name === "opam" ? "blob" : name === "root" ? "tree" : "commit"} twice`, (pack, sample) => {
      pack.objects(sample.objects);
      pack.object(sample[name]);
    });
  }
  list.forge("next to each other, other deflate level", (pack, sample) => {
    for (const object of sample.objects) {
      pack.object(object);
      if (object === sample.opam) pack.object(object, { level: 0 });
    }
  });
  list.forge("whole and as a delta", (pack, sample) => {
    pack.objects(sample.objects);
    pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, sample.nextOpam.data));
  });
  list.forge("a delta that rebuilds its own base", (pack, sample) => {
    pack.objects(sample.objects);
    pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, sample.opam.data));
  });
  list.forge(
    "a raw entry of the delta type without its distance",
    (pack, sample) => {
      pack.objects(sample.objects);
      pack.raw(concat(entryHeader(ofsDeltaType, 5), deflateSync(concat("hello"))));
      return { count: sample.objects.length + 1 };
    },
    {
      codes: ["pack-corrupt", "delta-corrupt", "pack-truncated", "delta-base-missing"],
      note: "the stream's first byte is read as the distance",
    },
  );
  return [list];
}
