import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { blob, bytes, commit, concat, type GitObject, gitObject, identity, tag, tree } from "../git-object.ts";
import { PackForge } from "../pack-forge.ts";

/** Commits and tags that `git index-pack --strict` refuses, and tips that are no commits. */
export function commitCases(): ForgedPack[] {
  return [headers(), identities(), dates(), tags(), tips()].flatMap((list) => list.cases);
}

const codes = ["object-corrupt", "pack-corrupt", "object-missing"] as const;

/** The sample with its commit rewritten as the tip. */
function rewritten(list: CaseList, title: string, rewrite: (text: string) => string | Uint8Array): void {
  const sample = list.sample(title);
  const tip = gitObject("commit", rewrite(new TextDecoder().decode(sample.tip.data)));
  list.add(title, new PackForge().objects([tip, ...sample.objects.slice(1)]).finish(), tip.oid);
}

function headers(): CaseList {
  const list = new CaseList("commit header", { codes });
  rewritten(list, "empty", () => "");
  rewritten(list, "no tree", (text) => text.replace(/^tree .*\n/, ""));
  rewritten(list, "tree not first", (text) => text.replace(/^(tree .*\n)(parent .*\n)/, "$2$1"));
  rewritten(list, "tree id too short", (text) => text.replace(/^(tree .{39})./, "$1"));
  rewritten(list, "tree id too long", (text) => text.replace(/^(tree .{40})/, "$10"));
  rewritten(list, "tree id not hexadecimal", (text) => text.replace(/^(tree .{39})./, "$1x"));
  rewritten(list, "tree id of SHA-256", (text) => text.replace(/^(tree .{40})/, `$1${"0".repeat(24)}`));
  rewritten(list, "TREE in capitals", (text) => text.replace(/^tree/, "TREE"));
  rewritten(list, "two spaces after tree", (text) => text.replace(/^tree /, "tree  "));
  rewritten(list, "parent id too short", (text) => text.replace(/\n(parent .{39})./, "\n$1"));
  rewritten(list, "parent id not hexadecimal", (text) => text.replace(/\n(parent .{39})./, "\n$1z"));
  rewritten(list, "no author", (text) => text.replace(/\nauthor .*/, ""));
  rewritten(list, "two authors", (text) => text.replace(/\n(author .*)/, "\n$1\n$1"));
  rewritten(list, "no committer", (text) => text.replace(/\ncommitter .*/, ""));
  rewritten(list, "committer before author", (text) => text.replace(/\n(author .*)\n(committer .*)/, "\n$2\n$1"));
  rewritten(list, "line ends of DOS", (text) => text.replaceAll("\n", "\r\n"));
  rewritten(list, "a NUL in the header", (text) => text.replace("author Ada", "author A\0a"));
  rewritten(list, "a NUL in the message", (text) => text.replace("A commit", "A\0commit"));
  rewritten(list, "cut in the author", (text) => text.slice(0, text.indexOf("author") + 9));
  rewritten(list, "cut behind the tree's id", (text) => text.slice(0, 45));
  rewritten(list, "a blob's text", () => "this is not a commit\n");
  return list;
}

function identities(): CaseList {
  const list = new CaseList("commit identity", { codes });
  for (const role of ["author", "committer"]) {
    const who = (text: string, replace: string) => text.replace(new RegExp(`\n${role} .*`), `\n${role} ${replace}`);
    rewritten(list, `${role} without email`, (text) => who(text, "Ada Author 1750000000 +0200"));
    rewritten(list, `${role} with an email that never ends`, (text) =>
      who(text, "Ada <ada@example.org 1750000000 +0200"),
    );
    rewritten(list, `${role} without a space before the email`, (text) =>
      who(text, "Ada<ada@example.org> 1750000000 +0200"),
    );
    rewritten(list, `${role} without a space behind the email`, (text) =>
      who(text, "Ada <ada@example.org>1750000000 +0200"),
    );
    rewritten(list, `${role} with an email inside the email`, (text) =>
      who(text, "Ada <ada <x>@example.org> 1750000000 +0200"),
    );
  }
  rewritten(list, "author without a name", (text) => text.replace("author Ada Author <", "author <"));
  rewritten(list, "author with > in the name", (text) => text.replace("author Ada Author", "author Ada> Author"));
  return list;
}

function dates(): CaseList {
  const list = new CaseList("commit date", { codes });
  const cases: readonly [string, string][] = [
    ["missing", ""],
    ["a word", "yesterday +0000"],
    ["zero-padded", "01750000000 +0000"],
    ["with a fraction", "1750000000.5 +0000"],
    ["beyond 64 bits", "99999999999999999999 +0000"],
    ["2^64 - 1", "18446744073709551615 +0000"],
    ["without a zone", "1750000000"],
    ["zone without a sign", "1750000000 0000"],
    ["zone of three digits", "1750000000 +000"],
    ["zone of five digits", "1750000000 +00000"],
    ["a zone's name", "1750000000 UTC"],
    ["something behind the zone", "1750000000 +0000 x"],
  ];
  for (const [title, date] of cases) {
    rewritten(list, title, (text) => text.replace(/\ncommitter .*/, `\ncommitter Carl <carl@example.org> ${date}`));
  }
  return list;
}

function tags(): CaseList {
  const list = new CaseList("tag object", { codes, note: "an extra tag in the pack; the tip is right" });
  const bad: readonly [string, (target: GitObject) => string][] = [
    ["empty", () => ""],
    ["no object", () => `type commit\ntag v1\ntagger ${identity}\n\nA tag\n`],
    ["object id cut", (target) => `object ${target.oid.slice(1)}\ntype commit\ntag v1\ntagger ${identity}\n\nA tag\n`],
    ["no type", (target) => `object ${target.oid}\ntag v1\ntagger ${identity}\n\nA tag\n`],
    ["an unknown type", (target) => `object ${target.oid}\ntype branch\ntag v1\ntagger ${identity}\n\nA tag\n`],
    ["no name", (target) => `object ${target.oid}\ntype commit\ntagger ${identity}\n\nA tag\n`],
    ["tagger without email", (target) => `object ${target.oid}\ntype commit\ntag v1\ntagger Ada 1 +0000\n\nA tag\n`],
    ["type of another kind", (target) => `object ${target.oid}\ntype tree\ntag v1\ntagger ${identity}\n\nA tag\n`],
    ["object that is missing", () => `object ${"ab".repeat(20)}\ntype commit\ntag v1\ntagger ${identity}\n\nA tag\n`],
  ];
  for (const [title, text] of bad) {
    const sample = list.sample(title);
    list.add(
      title,
      new PackForge().objects([...sample.objects, gitObject("tag", text(sample.tip))]).finish(),
      sample.tip.oid,
    );
  }
  return list;
}

function tips(): CaseList {
  const list = new CaseList("tip is no commit", {
    codes: ["object-corrupt", "object-missing"],
    git: "accept",
    note: "Git walks from any object; we asked for a commit",
  });
  const sample = list.sample("tips");
  const pack = new PackForge().objects([...sample.objects, tag(sample.tip)]).finish();
  const boundary = [sample.tip.oid];
  list.add("a tree", pack, sample.root.oid, { boundary });
  list.add("a blob", pack, sample.opam.oid, { boundary });
  list.add("a tag", pack, tag(sample.tip).oid, { boundary });
  const lone = blob("alone");
  list.add("a blob, alone in the pack", new PackForge().objects([lone]).finish(), lone.oid, { boundary: [] });
  const nothing = tree([]);
  list.add("the empty tree, alone in the pack", new PackForge().objects([nothing]).finish(), nothing.oid, {
    boundary: [],
  });
  const disguised = gitObject("blob", concat(sample.tip.data));
  list.add(
    "a blob with a commit's text",
    new PackForge().objects([disguised, ...sample.objects.slice(1)]).finish(),
    disguised.oid,
    { boundary: [] },
  );
  const nested = commit({ tree: sample.root.oid, message: "unasked\n" });
  list.add(
    "another commit than the one asked for",
    new PackForge().objects([nested, ...sample.objects.slice(1)]).finish(),
    gitObject("commit", bytes("asked for")).oid,
    { git: "refuse", codes: ["object-missing"] },
  );
  return list;
}
