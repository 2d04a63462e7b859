import { CaseList, type CaseOptions, type ForgedPack } from "../forged-pack.ts";
import {
  blob,
  commit,
  concat,
  file,
  folder,
  type GitObject,
  gitObject,
  nullOid,
  tree,
  treeEntry,
} from "../git-object.ts";
import { PackForge } from "../pack-forge.ts";

/** Modes, ids and the form of tree entries. */
export function treeShapeCases(): ForgedPack[] {
  return [modes(), oddModes(), form(), kinds()].flatMap((list) => list.cases);
}

const data = blob("data\n");
const link = blob("opam");

function modes(): CaseList {
  const list = new CaseList("symlinks and submodules", {
    expect: "skip-count",
    codes: ["tree-forbidden", "object-corrupt"],
    note: "legal in Git, never served",
  });
  for (const place of ["root", "version", "packages"] as const) {
    // Beside packages/ only repo and version are served, so nothing is left out there.
    const own: CaseOptions = place === "root" ? { expect: "accept" } : {};
    const symlink = { mode: "120000", name: "link", oid: link.oid };
    const module = { mode: "160000", name: "module", oid: "c0ffee".repeat(6).padEnd(40, "0") };
    list.repository(`a symlink in ${place}`, { [place]: [symlink], objects: [link] }, own);
    list.repository(`a submodule in ${place}`, { [place]: [module] }, own);
  }
  const linked = tree([{ mode: "120000", name: "opam", oid: link.oid }]);
  list.repository("an opam file that is a symlink", {
    packages: [folder("linked.1", linked)],
    objects: [linked, link],
  });
  const outside = blob("../../../../etc/passwd");
  list.repository("a symlink that leaves the tree", {
    version: [{ mode: "120000", name: "passwd", oid: outside.oid }],
    objects: [outside],
  });
  const empty = blob("");
  list.repository("a symlink to nothing", {
    version: [{ mode: "120000", name: "empty", oid: empty.oid }],
    objects: [empty],
  });
  list.repository("a submodule whose id is a blob of the pack", {
    version: [{ mode: "160000", name: "module", oid: data.oid }],
    objects: [data],
  });
  return list;
}

function oddModes(): CaseList {
  const list = new CaseList("odd modes", {
    expect: "skip-count",
    codes: ["tree-forbidden", "object-corrupt"],
    eitherIsRight: true,
    note: "Git reports the mode and goes on, reading it as the nearest one it knows",
  });
  for (const mode of ["100664", "100600", "100777", "100000", "120777", "40755"]) {
    const inner = tree([file("opam", data)]);
    const object = mode === "40755" ? inner : data;
    list.repository(`mode ${mode}`, { version: [{ mode, name: "odd", oid: object.oid }], objects: [inner, data] });
  }
  for (const mode of ["1", "644", "60000", "140000", "777777", "1100644"]) {
    list.repository(`mode ${mode}`, { version: [{ mode, name: "odd", oid: data.oid }], objects: [data] });
  }
  list.repository(
    "mode 100755",
    { version: [{ mode: "100755", name: "run", oid: data.oid }], objects: [data] },
    {
      expect: "accept",
      note: "an executable is an ordinary file",
    },
  );
  return list;
}

/** A pack whose folder `packages/alpha.1` is these bytes. */
function rawTree(list: CaseList, title: string, bytes: Uint8Array): void {
  const raw = gitObject("tree", bytes);
  list.repository(title, { packages: [folder("alpha.1", raw)], objects: [raw, data] });
}

function form(): CaseList {
  const list = new CaseList("tree form", { codes: ["object-corrupt", "tree-forbidden", "pack-corrupt"] });
  const entry = treeEntry(file("opam", data));
  const oid = Buffer.from(data.oid, "hex");
  for (const missing of [1, 19, 20, 21])
    rawTree(list, `cut ${missing} bytes before its end`, entry.subarray(0, -missing));
  rawTree(list, "cut in the mode", concat("1006"));
  rawTree(list, "a byte after the last entry", concat(entry, "\0"));
  rawTree(list, "no space after the mode", concat("100644opam\0", oid));
  rawTree(list, "no mode", concat(" opam\0", oid));
  rawTree(list, "a mode that is not octal", concat("100684 opam\0", oid));
  rawTree(list, "a mode with a letter", concat("10064x opam\0", oid));
  rawTree(list, "a zero-padded mode of a file", concat("0100644 opam\0", oid));
  rawTree(list, "a zero-padded mode of a folder", treeEntry({ mode: "040000", name: "sub", oid: emptyTree.oid }));
  rawTree(list, "mode 0, which counts as zero-padded", treeEntry({ mode: "0", name: "opam", oid: data.oid }));
  rawTree(list, "a blob's text", concat("this is not a tree"));
  rawTree(list, "only zeros", new Uint8Array(40));
  rawTree(list, "the null id as a file", treeEntry({ mode: "100644", name: "opam", oid: nullOid }));
  rawTree(list, "the null id as a folder", treeEntry({ mode: "40000", name: "opam", oid: nullOid }));
  rawTree(list, "the null id as a submodule", treeEntry({ mode: "160000", name: "module", oid: nullOid }));
  return list;
}

const emptyTree = tree([]);

function kinds(): CaseList {
  const list = new CaseList("kind mismatch", { codes: ["object-corrupt", "object-missing", "tree-forbidden"] });
  const inner = tree([file("opam", data)]);
  const other = commit({ tree: inner.oid });
  const entries: readonly [string, string, GitObject, readonly GitObject[]][] = [
    ["a folder that is a blob", "40000", data, [data]],
    ["a folder that is a commit", "40000", other, [other, inner, data]],
    ["a file that is a tree", "100644", inner, [inner, data]],
    ["a file that is a commit", "100644", other, [other, inner, data]],
    ["a symlink that is a tree", "120000", inner, [inner, data]],
  ];
  for (const [title, mode, object, objects] of entries) {
    list.repository(title, { packages: [{ mode, name: "wrong", oid: object.oid }], objects });
  }
  list.repository("one blob as a file and as a folder", {
    version: [file("a", data), folder("b", data)],
    objects: [data],
  });
  list.repository(
    "a parent that is a blob",
    { commit: { parents: [data.oid] }, objects: [data] },
    {
      git: "accept",
      eitherIsRight: true,
      note: "the shallow boundary cuts the parents off, so nobody looks at them",
    },
  );
  for (const [title, object, objects] of [
    ["the commit's tree is a blob", data, [data]],
    ["the commit's tree is a commit", other, [other, inner, data]],
  ] as const) {
    const tip = commit({ tree: object.oid });
    list.add(title, new PackForge().objects([tip, ...objects]).finish(), tip.oid);
  }
  return list;
}
