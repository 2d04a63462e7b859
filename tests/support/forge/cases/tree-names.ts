import { CaseList, type CaseOptions, type ForgedPack } from "../forged-pack.ts";
import { blob, bytes, concat, file, folder, type GitObject, tree } from "../git-object.ts";

/** Names that a tree must not have, and names that are only unusual. */
export function treeNameCases(): ForgedPack[] {
  return [dots(), gitFolders(), structure(), specials(), unserved(), unusual()].flatMap((list) => list.cases);
}

const codes = ["tree-forbidden", "object-corrupt"] as const;
const data = blob("data\n");

/** The name as a file at the root, inside a package's folder, and as a folder below `packages/`: a reader may look at each in another place. */
function everywhere(
  list: CaseList,
  shown: string,
  name: string | Uint8Array,
  places: readonly ("root" | "version" | "packages")[],
  own: CaseOptions = {},
): void {
  for (const place of places) {
    const inner = tree([file("opam", data)]);
    const entry = place === "packages" ? folder(name, inner) : file(name, data);
    list.repository(
      `${shown} in ${place}`,
      { [place]: [entry], objects: place === "packages" ? [inner, data] : [data] },
      own,
    );
  }
}

function dots(): CaseList {
  const list = new CaseList("tree name: dots", { codes });
  everywhere(list, "..", "..", ["root", "version", "packages"]);
  everywhere(list, ".", ".", ["root", "version", "packages"]);
  return list;
}

function gitFolders(): CaseList {
  const list = new CaseList("tree name: .git", { codes, note: "names that some file system takes for .git" });
  everywhere(list, ".git", ".git", ["root", "version", "packages"]);
  everywhere(list, ".GIT", ".GIT", ["root", "version"]);
  everywhere(list, ".gIt", ".gIt", ["packages"]);
  const ntfs = [
    "git~1",
    "GIT~1",
    ".git ",
    ".git.",
    ".git. .",
    ".git:stream",
    ".git::$INDEX_ALLOCATION",
    "a\\.git",
    "a\\.git\\b",
    ".git\\config",
  ];
  for (const name of ntfs) everywhere(list, JSON.stringify(name), name, ["version"]);
  const hfs = [".g\u200cit", "\u200d.git", ".git\ufeff", ".\u202eGiT", ".gi\u206at"];
  for (const name of hfs)
    everywhere(
      list,
      JSON.stringify(name).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`),
      name,
      ["version"],
    );
  return list;
}

function structure(): CaseList {
  const list = new CaseList("tree order", { codes });
  const inner = tree([file("opam", data)]);
  const objects = [inner, data];
  everywhere(list, "empty name", "", ["root", "version", "packages"]);
  everywhere(list, "a/b", "a/b", ["root", "version"]);
  everywhere(list, "../../etc", "../../etc", ["packages"]);
  everywhere(list, "/", "/", ["version"]);
  list.repository("the same file twice", { version: [file("opam", data)], objects });
  list.repository("the same folder twice", { packages: [folder("alpha", inner)], objects });
  list.repository("a file and a folder of one name", { root: [file("x", data), folder("x", inner)], objects });
  list.repository(
    "a file and a folder of one name with others between",
    {
      root: [file("x", data), file("x-y", data), file("x.z", data), folder("x", inner)],
      objects,
    },
    { note: "x and x/ sort apart; Git looks for the pair all the same" },
  );
  list.repository("not sorted", { version: [file("zz", data), file("aa", data)], objects, unsorted: true });
  list.repository("sorted as if a folder's name had no slash", {
    root: [folder("zz", inner), file("zz.a", data)],
    objects,
    unsorted: true,
  });
  list.repository("sorted backwards below packages/", { packages: [folder("aaa", inner)], objects, unsorted: true });
  return list;
}

/** Files that Git's own tools read: `index-pack --strict` looks inside them. */
function specials(): CaseList {
  const list = new CaseList("tree name: Git's own files", { codes, note: "Git checks what its own tools would obey" });
  const link = blob("/etc/passwd");
  const module = (text: string) => blob(text);
  list.repository(".gitmodules is a symlink", {
    root: [{ mode: "120000", name: ".gitmodules", oid: link.oid }],
    objects: [link],
  });
  list.repository(".GITMODULES is a symlink, below packages/", {
    packages: [{ mode: "120000", name: ".GITMODULES", oid: link.oid }],
    objects: [link],
  });
  list.repository("gitmod~1 is a symlink", {
    root: [{ mode: "120000", name: "gitmod~1", oid: link.oid }],
    objects: [link],
  });
  const evil: readonly [string, GitObject][] = [
    ["a submodule named ../evil", module('[submodule "../evil"]\n\tpath = x\n\turl = https://example.org/x\n')],
    ["a submodule whose URL is an option", module('[submodule "x"]\n\tpath = x\n\turl = -u./payload\n')],
    ["a submodule whose path is an option", module('[submodule "x"]\n\tpath = -x\n\turl = https://example.org/x\n')],
    [
      "a submodule that updates by command",
      module('[submodule "x"]\n\tpath = x\n\turl = https://example.org/x\n\tupdate = !sh\n'),
    ],
  ];
  for (const [title, object] of evil)
    list.repository(`.gitmodules with ${title}`, { root: [file(".gitmodules", object)], objects: [object] });
  const folderModules = tree([file("a", data)]);
  list.repository(".gitmodules is a folder", {
    root: [folder(".gitmodules", folderModules)],
    objects: [folderModules, data],
  });
  const attributes = blob(`* ${"a".repeat(3000)}\n`);
  list.repository(".gitattributes with a line over 2048 bytes", {
    version: [file(".gitattributes", attributes)],
    objects: [attributes],
  });
  return list;
}

function unserved(): CaseList {
  const list = new CaseList("tree name: not served", {
    expect: "skip-count",
    codes,
    note: "Git takes these names; a URL, a tar file or an HTTP header cannot carry them safely",
  });
  everywhere(list, "Latin-1", Uint8Array.of(0x66, 0xe9, 0x65), ["version", "packages"]);
  everywhere(list, "Latin-1", Uint8Array.of(0x66, 0xe9, 0x65), ["root"], {
    expect: "accept",
    note: "beside packages/ only repo and version are served, so nothing is left out",
  });
  everywhere(list, "cut UTF-8", Uint8Array.of(0x66, 0xe2, 0x82), ["version"]);
  everywhere(list, "overlong slash", concat("a", Uint8Array.of(0xc0, 0xaf), "b"), ["version", "packages"]);
  everywhere(list, "overlong NUL", concat("a", Uint8Array.of(0xc0, 0x80), "b"), ["version"]);
  everywhere(list, "UTF-16 surrogate", Uint8Array.of(0xed, 0xa0, 0x80), ["version"]);
  everywhere(list, "beyond U+10FFFF", Uint8Array.of(0xf4, 0x90, 0x80, 0x80), ["version"]);
  everywhere(list, "line feed", "a\nb", ["version", "packages"]);
  everywhere(list, "carriage return and line feed", "a\r\nX-Header: 1", ["version"]);
  everywhere(list, "escape sequence", "\u001b[31mred", ["version"]);
  everywhere(list, "DEL", "a\u007f", ["version"]);
  everywhere(list, "C1 control", "a\u0085b", ["version"], { eitherIsRight: true });
  everywhere(list, "backslash", "a\\b", ["version"], { eitherIsRight: true });
  return list;
}

function unusual(): CaseList {
  const list = new CaseList("tree name: unusual", {
    expect: "accept",
    note: "ordinary files, to be served under their names",
  });
  for (const name of ["__proto__", "constructor", "toString"]) everywhere(list, name, name, ["version", "packages"]);
  for (const name of [
    "...",
    ".gitx",
    "git~2",
    "nul",
    "a b",
    "%2e%2e",
    "größe",
    "\u{1f42b}",
    "a+b~c",
    "-x",
    "#",
    "?",
    "a:b",
  ]) {
    everywhere(list, JSON.stringify(name), name, ["version"]);
  }
  const proto = tree([folder("__proto__.1", tree([file("opam", data)]))]);
  list.repository("a package named __proto__", {
    packages: [folder("__proto__", proto)],
    objects: [proto, tree([file("opam", data)]), data],
  });
  list.repository("a name of bytes that end in .opam", { version: [file(bytes("x.opam"), data)], objects: [data] });
  return list;
}
