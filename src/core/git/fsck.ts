import { MirrorError } from "../errors.ts";
import { forbiddenName } from "./forbidden-name.ts";
import { objectTypes } from "./object-type.ts";
import { toHex } from "./oid.ts";
import { isTree, TreeCursor } from "./tree.ts";

/**
 * The rules that `git index-pack --strict` applies to each object by itself (Git documentation, git-fsck, "Fsck messages":
 * every error, and every warning, for strict makes them errors). Throws `object-corrupt` or `tree-forbidden`.
 */
export function checkObject(type: number, bytes: Uint8Array, from: number, to: number, oid: Uint8Array): void {
  switch (type) {
    case objectTypes.tree:
      whole.open(bytes, from, to, oid);
      whole.advance(0x3fffffff);
      break;
    case objectTypes.commit:
      refuse(commitProblem(bytes.subarray(from, to)), oid);
      break;
    case objectTypes.tag:
      refuse(tagProblem(bytes.subarray(from, to)), oid);
      break;
    default:
      break;
  }
}

function refuse(reason: string | null, oid: Uint8Array): void {
  if (reason !== null) throw new MirrorError("object-corrupt", { oid: toHex(oid), reason });
}

/** The rules for trees, for one tree after the other. A large one may be gone through in parts. */
export class TreeCheck {
  readonly #entry: TreeCursor = new TreeCursor();
  #bytes: Uint8Array = new Uint8Array(0);
  #oid: Uint8Array = this.#bytes;
  #previousFrom = -1;
  #previousTo = -1;
  #previousIsTree = false;
  /** Files whose names begin the names that follow them: only these can collide with a folder of the same name. */
  #prefixes: { from: number; to: number }[] | null = null;

  /** Starts before the first entry of the tree at `bytes[from..to)`. */
  open(bytes: Uint8Array, from: number, to: number, oid: Uint8Array): void {
    this.#entry.open(bytes, from, to);
    this.#bytes = bytes;
    this.#oid = oid;
    this.#previousFrom = -1;
    this.#prefixes = null;
  }

  /** Checks at most so many further entries; false when there are more. Throws `object-corrupt` or `tree-forbidden`. */
  advance(most: number): boolean {
    const entry = this.#entry;
    const bytes = this.#bytes;
    let previousFrom = this.#previousFrom;
    let previousTo = this.#previousTo;
    let previousIsTree = this.#previousIsTree;
    let prefixes = this.#prefixes;
    let problem: string | null = null;
    let left = most;
    while (problem === null && left > 0 && entry.next()) {
      left--;
      const { nameFrom, nameTo } = entry;
      const folder = isTree(entry.mode);
      problem = forbiddenName(bytes, nameFrom, nameTo);
      if (problem === null && bytes[entry.modeFrom] === 48) problem = "its mode starts with zero";
      if (problem === null && isNull(bytes, entry.oidAt)) problem = "it names the null object";
      if (problem === null && previousFrom >= 0) {
        const order = compareNames(bytes, previousFrom, previousTo, previousIsTree, nameFrom, nameTo, folder);
        if (order === 0) problem = "it appears twice";
        else if (order > 0) problem = "it is out of order";
      }
      // Only when another entry follows: most folders hold one file.
      if (previousFrom >= 0 && !previousIsTree) {
        prefixes ??= [];
        prefixes.push({ from: previousFrom, to: previousTo });
      }
      if (problem === null && prefixes !== null) {
        while (prefixes.length > 0 && !startsWith(bytes, nameFrom, nameTo, prefixes.at(-1)!)) prefixes.pop();
        const top = prefixes.at(-1);
        if (folder && top !== undefined && top.to - top.from === nameTo - nameFrom) problem = "it appears twice";
      }
      previousFrom = nameFrom;
      previousTo = nameTo;
      previousIsTree = folder;
    }
    this.#refuse(problem);
    this.#previousFrom = previousFrom;
    this.#previousTo = previousTo;
    this.#previousIsTree = previousIsTree;
    this.#prefixes = prefixes;
    return left > 0;
  }

  #refuse(problem: string | null): void {
    const entry = this.#entry;
    if (entry.malformed) {
      const reason = "it is not a well-formed tree";
      throw new MirrorError("object-corrupt", { oid: toHex(this.#oid), reason });
    }
    if (problem !== null) {
      throw new MirrorError("tree-forbidden", {
        oid: toHex(this.#oid),
        name: printable(this.#bytes.subarray(entry.nameFrom, entry.nameTo)),
        reason: problem,
      });
    }
  }
}

/** Of trees that are checked in one go. */
const whole = new TreeCheck();

function isNull(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 20; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** Git's order of tree entries: bytewise, a folder's name as if it ended in a slash. 0 for the same name, of a file or of a folder. */
function compareNames(
  bytes: Uint8Array,
  aFrom: number,
  aTo: number,
  aIsTree: boolean,
  bFrom: number,
  bTo: number,
  bIsTree: boolean,
): number {
  const shared = Math.min(aTo - aFrom, bTo - bFrom);
  for (let i = 0; i < shared; i++) {
    const difference = bytes[aFrom + i]! - bytes[bFrom + i]!;
    if (difference !== 0) return difference;
  }
  if (aTo - aFrom === bTo - bFrom) return 0;
  const a = aFrom + shared < aTo ? bytes[aFrom + shared]! : aIsTree ? 47 : 0;
  const b = bFrom + shared < bTo ? bytes[bFrom + shared]! : bIsTree ? 47 : 0;
  return a - b;
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: { from: number; to: number }): boolean {
  const length = prefix.to - prefix.from;
  if (to - from < length) return false;
  for (let i = 0; i < length; i++) if (bytes[from + i] !== bytes[prefix.from + i]) return false;
  return true;
}

/** A name for an error message: control characters and what is not ASCII are escaped. */
export function printable(name: Uint8Array): string {
  let text = "";
  for (const byte of name.subarray(0, 100))
    text += byte > 31 && byte < 127 ? String.fromCharCode(byte) : `\\x${toHex(Uint8Array.of(byte))}`;
  return text;
}

const identity = /^(?!<)[^<>\n]* <[^<>\n]*> (0|[1-9][0-9]{0,17}) [+-][0-9]{4}$/;
const hexLine = /^[0-9a-f]{40}$/i;

/** The header lines of a commit or tag, or a reason why there are none. */
function headerLines(bytes: Uint8Array): string[] | string {
  const body = indexOfBlankLine(bytes);
  if (body < 0 && bytes[bytes.length - 1] !== 10) return "its header is not terminated";
  const head = body < 0 ? bytes.subarray(0, bytes.length - 1) : bytes.subarray(0, body);
  if (head.includes(0)) return "its header has a NUL";
  return new TextDecoder("latin1").decode(head).split("\n");
}

function indexOfBlankLine(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(10); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(10, at + 1))
    if (bytes[at + 1] === 10) return at;
  return -1;
}

function commitProblem(bytes: Uint8Array): string | null {
  const lines = headerLines(bytes);
  if (typeof lines === "string") return lines;
  let at = 0;
  const tree = lines[at++];
  if (tree === undefined || !tree.startsWith("tree ") || !hexLine.test(tree.slice(5))) return "it names no tree";
  while (lines[at]?.startsWith("parent ")) if (!hexLine.test(lines[at++]!.slice(7))) return "it names a parent wrongly";
  const author = lines[at++];
  if (author === undefined || !author.startsWith("author ")) return "it has no author";
  if (!identity.test(author.slice(7))) return "its author line is malformed";
  if (lines[at]?.startsWith("author ")) return "it has several authors";
  const committer = lines[at++];
  if (committer === undefined || !committer.startsWith("committer ")) return "it has no committer";
  if (!identity.test(committer.slice(10))) return "its committer line is malformed";
  return bytes.includes(0) ? "it has a NUL" : null;
}

function tagProblem(bytes: Uint8Array): string | null {
  const lines = headerLines(bytes);
  if (typeof lines === "string") return lines;
  const [object, type, tag, tagger] = lines;
  if (object === undefined || !object.startsWith("object ") || !hexLine.test(object.slice(7)))
    return "it names no object";
  if (type === undefined || !/^type (commit|tree|blob|tag)$/.test(type)) return "it names no type";
  if (tag === undefined || !tag.startsWith("tag ")) return "it has no name";
  if (tagger?.startsWith("tagger ") && !identity.test(tagger.slice(7))) return "its tagger line is malformed";
  return null;
}
