import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { absentOid, blob, commit, file, folder, gitObject, tree } from "../git-object.ts";
import { PackForge } from "../pack-forge.ts";
import type { Sample } from "../sample-repository.ts";

/** Packs whose objects are right, each, and do not fit together. */
export function closureCases(): ForgedPack[] {
  return [missing(), unreachable()].flatMap((list) => list.cases);
}

function missing(): CaseList {
  const list = new CaseList("missing object", { codes: ["object-missing"] });
  const parts = {
    commit: "tip",
    "root tree": "root",
    "packages tree": "packages",
    "folder of a version": "version",
    "opam file": "opam",
  } as const;
  for (const [title, name] of Object.entries(parts) as [string, Exclude<keyof Sample, "objects">][]) {
    const sample = list.sample(title);
    const objects = sample.objects.filter((object) => object !== sample[name]);
    list.add(`the ${title}`, new PackForge().objects(objects).finish(), sample.tip.oid);
  }
  list.forge("all blobs", (pack, sample) => {
    pack.objects(sample.objects.filter((object) => object.kind !== "blob"));
  });
  list.forge("all trees", (pack, sample) => {
    pack.objects(sample.objects.filter((object) => object.kind !== "tree"));
  });
  list.forge("everything but the commit", (pack, sample) => {
    pack.objects(sample.objects.slice(1));
  });
  list.repository("a file outside packages/", { root: [{ mode: "100644", name: "gone", oid: absentOid }] });
  list.repository("a folder outside packages/", { root: [{ mode: "40000", name: "gone", oid: absentOid }] });
  list.repository("the target text of a symlink", { version: [{ mode: "120000", name: "gone", oid: absentOid }] });
  const deep = tree([{ mode: "100644", name: "opam", oid: absentOid }]);
  const middle = tree([folder("deep.1", deep)]);
  list.repository("a file of a package at an unusual depth", {
    packages: [folder("group", middle)],
    objects: [deep, middle],
  });
  return list;
}

/** Nothing that is served depends on these objects, and Git refuses the pack for them all the same. */
function unreachable(): CaseList {
  const list = new CaseList("unreachable and invalid", {
    codes: ["object-corrupt", "object-missing", "tree-forbidden", "pack-corrupt"],
    note: "git index-pack --strict checks every object of the pack and what it names",
  });
  const data = blob("data\n");
  list.repository("a tree with ..", { objects: [tree([folder("..", tree([])), file("x", data)]), tree([]), data] });
  list.repository("a tree that is cut", { objects: [gitObject("tree", "100644 x\0abc")] });
  list.repository("a tree that names a missing blob", {
    objects: [tree([{ mode: "100644", name: "x", oid: absentOid }])],
  });
  list.repository("a tree that names a missing tree", {
    objects: [tree([{ mode: "40000", name: "x", oid: absentOid }])],
  });
  list.repository("a commit without an author", {
    objects: [gitObject("commit", `tree ${tree([]).oid}\n\nA commit\n`), tree([])],
  });
  list.repository("a commit whose tree is missing", { objects: [commit({ tree: absentOid })] });
  list.repository(
    "a commit whose parent is missing",
    { objects: [commit({ tree: tree([]).oid, parents: [absentOid] }), tree([])] },
    {
      note: "only the tip's parents are cut off by the shallow boundary",
    },
  );
  return list;
}
