import { createHash } from "node:crypto";

export type Kind = "commit" | "tree" | "blob" | "tag";

export interface GitObject {
  readonly kind: Kind;
  readonly data: Uint8Array;
  /** Hex SHA-1 of header and data. */
  readonly oid: string;
}

export interface TreeEntry {
  /** Octal digits as they are to be written: canonical Git writes `40000` and `100644`. */
  readonly mode: string;
  readonly name: string | Uint8Array;
  readonly oid: string;
}

export const nullOid: string = "0".repeat(40);
/** An id that no object of the forge has. */
export const absentOid: string = "deadbeef".repeat(5);

export function bytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

export function concat(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map(bytes)));
}

export function gitObject(kind: Kind, content: string | Uint8Array): GitObject {
  const data = bytes(content);
  const oid = createHash("sha1").update(`${kind} ${data.length}\0`).update(data).digest("hex");
  return { kind, data, oid };
}

export function blob(content: string | Uint8Array): GitObject {
  return gitObject("blob", content);
}

/** A tree with its entries in Git's order (a folder sorts as if its name ended in a slash); `sort: false` keeps the order given. */
export function tree(entries: readonly TreeEntry[], options: { sort?: boolean } = {}): GitObject {
  const key = (entry: TreeEntry) => concat(entry.name, /^0*40000$/.test(entry.mode) ? "/" : "");
  const ordered = options.sort === false ? entries : [...entries].sort((a, b) => Buffer.compare(key(a), key(b)));
  return gitObject("tree", concat(...ordered.map(treeEntry)));
}

export function treeEntry(entry: TreeEntry): Uint8Array {
  return concat(`${entry.mode} `, entry.name, "\0", Buffer.from(entry.oid, "hex"));
}

export const file = (name: string | Uint8Array, object: GitObject): TreeEntry => ({
  mode: "100644",
  name,
  oid: object.oid,
});
export const folder = (name: string | Uint8Array, object: GitObject): TreeEntry => ({
  mode: "40000",
  name,
  oid: object.oid,
});

export interface CommitParts {
  readonly tree: string;
  readonly parents?: readonly string[];
  readonly author?: string;
  readonly committer?: string;
  /** Header lines after the committer, each with its line feed. */
  readonly extra?: string;
  readonly message?: string;
}

export const identity = "Ada Author <ada@example.org> 1750000000 +0200";

export function commit(parts: CommitParts): GitObject {
  const { parents = [], author = identity, committer = identity, extra = "", message = "A commit\n" } = parts;
  const lines = parents.map((parent) => `parent ${parent}\n`).join("");
  return gitObject(
    "commit",
    `tree ${parts.tree}\n${lines}author ${author}\ncommitter ${committer}\n${extra}\n${message}`,
  );
}

export function tag(target: GitObject, name = "v1", tagger: string = identity): GitObject {
  return gitObject("tag", `object ${target.oid}\ntype ${target.kind}\ntag ${name}\ntagger ${tagger}\n\nA tag\n`);
}
