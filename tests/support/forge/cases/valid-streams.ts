import { constants, deflateSync, type ZlibOptions } from "node:zlib";
import { Random } from "../../../fixtures/random.ts";
import {
  type BitWriter,
  blockHeader,
  blockTypes,
  canonicalCodes,
  dynamicHeader,
  fixedDistances,
  fixedLiterals,
  storedBlock,
} from "../deflate-forge.ts";
import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { blob, bytes, concat, file } from "../git-object.ts";
import { PackForge } from "../pack-forge.ts";
import { streamCase } from "./deflate-blocks.ts";

/** The control group of streams: every way of writing a deflate stream that RFC 1950 and 1951 allow. */
export function validStreamCases(): ForgedPack[] {
  return [compression(), blocks()].flatMap((list) => list.cases);
}

const accept = { expect: "accept" } as const;

function compression(): CaseList {
  const list = new CaseList("valid: zlib", accept);
  const random = new Random("valid/zlib");
  const data = concat(
    Array.from({ length: 3000 }, () => random.pick(["depends", "build", "{>= ", "ocaml", "\n", "0", "1"])).join(""),
    random.bytes(3000),
    new Uint8Array(40_000),
  );
  const stream = (title: string, options: ZlibOptions, content: Uint8Array = data) => {
    const object = blob(content);
    const sample = list.sample(title, { version: [file("data", object)], objects: [object] });
    const pack = new PackForge();
    for (const each of sample.objects) pack.object(each, { zlib: deflateSync(each.data, options) });
    list.add(title, pack.finish(), sample.tip.oid);
  };
  for (let level = 0; level <= 9; level++) stream(`level ${level}`, { level });
  stream("strategy fixed", { strategy: constants.Z_FIXED });
  stream("strategy Huffman only", { strategy: constants.Z_HUFFMAN_ONLY });
  stream("strategy run length", { strategy: constants.Z_RLE });
  stream("strategy filtered", { strategy: constants.Z_FILTERED });
  for (const windowBits of [9, 10, 12, 14]) stream(`window of 2^${windowBits} bytes`, { windowBits });
  for (const memLevel of [1, 9]) stream(`memory level ${memLevel}`, { memLevel });
  stream("stored blocks of a large blob", { level: 0 }, random.bytes(150_000));
  stream("full flush at the end", { finishFlush: constants.Z_FINISH, level: 1 }, bytes("x".repeat(66_000)));
  return list;
}

function blocks(): CaseList {
  const list = new CaseList("valid: deflate blocks", accept);
  const text = (content: string) => bytes(content);
  const put = (w: BitWriter, content: string, codes = fixedLiterals) => {
    for (const byte of text(content)) w.code(codes[byte]);
    return w;
  };
  streamCase(
    list,
    "empty blocks of all kinds before the data",
    (w) => {
      storedBlock(w, new Uint8Array(0), { final: false });
      blockHeader(w, blockTypes.fixed, false).code(fixedLiterals[256]);
      blockHeader(w, blockTypes.fixed, false).code(fixedLiterals[256]);
      return storedBlock(w, text("data"));
    },
    text("data"),
  );
  streamCase(
    list,
    "stored, fixed and stored, not aligned",
    (w) => {
      storedBlock(w, text("one "), { final: false });
      put(blockHeader(w, blockTypes.fixed, false), "two ").code(fixedLiterals[256]);
      return storedBlock(w, text("three"));
    },
    text("one two three"),
  );
  streamCase(
    list,
    "a match of 258 at distance 1",
    (w) =>
      put(blockHeader(w, blockTypes.fixed), "a")
        .code(fixedLiterals[285])
        .code(fixedDistances[0])
        .code(fixedLiterals[256]),
    text("a".repeat(259)),
  );
  streamCase(
    list,
    "258 written as 227 and 31",
    (w) =>
      put(blockHeader(w, blockTypes.fixed), "a")
        .code(fixedLiterals[284])
        .bits(31, 5)
        .code(fixedDistances[0])
        .code(fixedLiterals[256]),
    text("a".repeat(259)),
  );
  const window = new Random("valid/window").bytes(32768);
  streamCase(
    list,
    "a match at the greatest distance",
    (w) =>
      blockHeader(storedBlock(w, window, { final: false }), blockTypes.fixed)
        .code(fixedLiterals[285])
        .code(fixedDistances[29])
        .bits(8191, 13)
        .code(fixedLiterals[256]),
    concat(window, window.subarray(0, 258)),
  );
  const single = new Array<number>(257).fill(0);
  single[256] = 1;
  streamCase(
    list,
    "a single literal code, that of the block's end",
    (w) => storedBlock(dynamicHeader(w, { literals: single, distances: [0], final: false }).bits(0, 1), text("data")),
    text("data"),
  );
  const ladder = new Array<number>(258).fill(0);
  [..."abcdefghijklmn"].forEach((letter, i) => {
    ladder[letter.charCodeAt(0)] = i + 1;
  });
  ladder[256] = 15;
  ladder[257] = 15;
  const ladderCodes = canonicalCodes(ladder);
  streamCase(
    list,
    "literal codes of 1 to 15 bits, one distance code",
    (w) =>
      put(dynamicHeader(w, { literals: ladder, distances: [1] }), "abcdefghijklmnnnn", ladderCodes)
        .code(ladderCodes[257])
        .bits(0, 1)
        .code(ladderCodes[256]),
    text("abcdefghijklmnnnnnnn"),
  );
  const far = Array.from({ length: 16 }, (_, i) => Math.min(i + 1, 15));
  const farCodes = canonicalCodes(far);
  streamCase(
    list,
    "distance codes of 1 to 15 bits",
    (w) => {
      put(dynamicHeader(w, { literals: ladder, distances: far }), "abcdefghijklmn".repeat(20), ladderCodes);
      w.code(ladderCodes[257]).code(farCodes[15]).bits(63, 6);
      return w.code(ladderCodes[257]).code(farCodes[2]).code(ladderCodes[256]);
    },
    (() => {
      const head = "abcdefghijklmn".repeat(20);
      const once = head + head.slice(head.length - 256, head.length - 253);
      return text(once + once.slice(-3));
    })(),
  );
  return list;
}
