import { Random } from "../../../fixtures/random.ts";
import { copy, delta, deltaBetween, insert } from "../delta-forge.ts";
import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { blob, bytes, commit, concat, file, folder, type GitObject, identity, tag, tree } from "../git-object.ts";
import { PackForge } from "../pack-forge.ts";

/** The control group: everything here must be accepted, and every object read back must be what was written. */
export function validCases(): ForgedPack[] {
  return [plain(), deltas(), commits(), sizes()].flatMap((list) => list.cases);
}

const accept = { expect: "accept" } as const;

function plain(): CaseList {
  const list = new CaseList("valid: objects", accept);
  list.repository("commit, trees, blobs", {});
  list.forge("blobs first, commit last", (pack, sample) => {
    pack.objects([...sample.objects].reverse());
  });
  const [empty, data] = [blob(""), blob("data\n")];
  list.repository("an empty blob", { version: [file("empty", empty)], objects: [empty] });
  list.repository("an empty tree", { packages: [folder("empty", tree([]))], objects: [tree([])] });
  list.repository("one blob under many names", {
    version: Array.from({ length: 50 }, (_, i) => file(`copy-${i}`, data)),
    objects: [data],
  });
  list.repository("a blob that nothing names", { objects: [data] });
  list.repository("a tree with four hundred entries", {
    version: Array.from({ length: 400 }, (_, i) => file(`entry-${i}`, data)),
    objects: [data],
  });
  list.repository("names that sort around a folder", {
    root: [file("a", data), folder("a.b", tree([])), file("a-b", data), file("a0", data), folder("ab", tree([]))],
    objects: [data, tree([])],
  });
  return list;
}

function deltas(): CaseList {
  const list = new CaseList("valid: deltas", accept);
  list.forge("an ofs-delta", (pack, sample) => {
    for (const object of sample.objects) if (object !== sample.nextOpam && object !== sample.opam) pack.object(object);
    pack.ofsDelta(pack.object(sample.opam), deltaBetween(sample.opam.data, sample.nextOpam.data));
  });
  list.forge("a ref-delta after its base", (pack, sample) => {
    pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
    pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, sample.nextOpam.data));
  });
  list.forge("a ref-delta before its base", (pack, sample) => {
    pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, sample.nextOpam.data));
    pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
  });
  list.forge("a chain of ref-deltas, each before its base", (pack, sample) => {
    const middle = blob(concat(sample.opam.data, "# middle\n"));
    pack.refDelta(middle.oid, deltaBetween(middle.data, sample.nextOpam.data));
    pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, middle.data));
    pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
  });
  list.forge("an ofs-delta on a ref-delta whose base comes last", (pack, sample) => {
    const middle = blob(concat(sample.opam.data, "# middle\n"));
    const at = pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, middle.data));
    pack.ofsDelta(at, deltaBetween(middle.data, sample.nextOpam.data));
    pack.objects(sample.objects.filter((object) => object !== sample.nextOpam));
  });
  list.forge("many deltas on one base", (pack, sample) => {
    pack.objects(sample.objects);
    for (let i = 0; i < 200; i++)
      pack.refDelta(sample.opam.oid, deltaBetween(sample.opam.data, concat(sample.opam.data, String(i))));
  });
  for (const depth of [2, 11, 64]) {
    list.forge(`a chain of ${depth}`, (pack, sample) => {
      pack.objects(sample.objects.filter((object) => object !== sample.opam));
      let base = concat(sample.opam.data, "the start of the chain");
      let at = pack.object(blob(base));
      for (let i = 1; i <= depth; i++) {
        const next = i === depth ? sample.opam.data : concat(sample.opam.data, `chain ${i}`);
        at = pack.ofsDelta(at, deltaBetween(base, next));
        base = next;
      }
    });
  }
  list.forge(
    "a delta of a tree and of a commit",
    (pack, sample) => {
      const other = commit({ tree: tree([file("x", sample.opam)]).oid, message: "another\n" });
      pack.objects(sample.objects);
      pack.refDelta(sample.tip.oid, deltaBetween(sample.tip.data, other.data));
      pack.refDelta(sample.root.oid, deltaBetween(sample.root.data, tree([file("x", sample.opam)]).data));
    },
    { note: "the extra commit has no parent" },
  );
  const built = (title: string, base: Uint8Array, result: Uint8Array, ...instructions: Uint8Array[]) => {
    const [from, to] = [blob(base), blob(result)];
    const sample = list.sample(title, { version: [file("from", from), file("to", to)], objects: [] });
    const pack = new PackForge().objects(sample.objects);
    pack.ofsDelta(pack.object(from), delta(base.length, result.length, ...instructions));
    list.add(title, pack.finish(), sample.tip.oid);
  };
  const large = new Random("valid/large").bytes(200_000);
  built("a copy of 64 KiB by leaving the size out", large, large.subarray(5, 5 + 0x10000), copy(5, 0x10000));
  built(
    "a copy with a size of three bytes and an offset of three",
    large,
    large.subarray(70_000, 170_000),
    copy(70_000, 100_000),
  );
  built(
    "copies that go back and overlap",
    bytes("abcdefgh"),
    bytes("efghabcdcdef"),
    copy(4, 4),
    copy(0, 4),
    copy(2, 4),
  );
  built(
    "a copy with operand bytes that are zero",
    bytes("abcdefgh"),
    bytes("abcd"),
    Uint8Array.of(0xff, 0, 0, 0, 0, 4, 0, 0),
  );
  built(
    "only inserts, of one and of 127 bytes",
    bytes("base"),
    bytes(`x${"y".repeat(127)}`),
    insert(bytes("x")),
    insert(bytes("y".repeat(127))),
  );
  built("an empty base", bytes(""), bytes("made of nothing"), insert(bytes("made of nothing")));
  return list;
}

function commits(): CaseList {
  const list = new CaseList("valid: commits", accept);
  const signature = "-----BEGIN PGP SIGNATURE-----\n \n iQEzBAABCAAdFiEE\n =abcd\n -----END PGP SIGNATURE-----\n";
  list.repository("without parents", { commit: { parents: [] } });
  list.repository("with two parents beyond the boundary", { commit: { parents: ["a".repeat(40), "b".repeat(40)] } });
  list.repository("signed", { commit: { extra: `gpgsig ${signature}` } });
  list.repository("in another encoding", { commit: { extra: "encoding ISO-8859-1\n", message: "caf\u00e9\n" } });
  list.repository("with a merged tag", {
    commit: { extra: `mergetag object ${"c".repeat(40)}\n type commit\n tag v1\n tagger ${identity}\n \n A tag\n` },
  });
  list.repository("with a header that nobody knows", { commit: { extra: "x-forge yes\n" } });
  list.repository("without a message", { commit: { message: "" } });
  list.repository("of the year 1970, and of 2100", {
    commit: { author: "Ada <ada@example.org> 0 +0000", committer: "Ada <ada@example.org> 4102444800 -1200" },
  });
  list.repository("with an author whose name is empty", { commit: { author: " <ada@example.org> 1 +0000" } });
  list.repository("with an empty email", { commit: { author: "Ada <> 1 +0000" } });
  list.forge("with its parent in the pack", (pack, sample) => {
    pack.objects(sample.objects);
    pack.object(commit({ tree: sample.root.oid, message: "the parent of nothing here\n" }));
  });
  list.forge("with tags, one of them of a tag", (pack, sample) => {
    const first = tag(sample.tip);
    pack.objects([...sample.objects, first, tag(first, "v2"), tag(sample.opam, "blob-tag")]);
  });
  return list;
}

function sizes(): CaseList {
  const list = new CaseList("valid: sizes", accept);
  const random = new Random("valid/sizes");
  const sized = (size: number): GitObject => blob(random.bytes(size));
  for (const size of [15, 16, 2047, 2048, 16_384, 70_000, 1_048_576]) {
    const object = sized(size);
    list.repository(`a blob of ${size} bytes`, { version: [file("data", object)], objects: [object] });
  }
  const large = sized(1_500_000);
  list.repository(
    "a blob over the usual limit, the limit raised",
    { version: [file("data", large)], objects: [large] },
    { limits: { blobBytes: 2_000_000 } },
  );
  list.forge(
    "size fields with redundant groups",
    (pack, sample) => {
      for (const [i, object] of sample.objects.entries()) pack.object(object, { padding: i % 3 });
    },
    { note: "Git does not ask for the shortest form" },
  );
  return list;
}
