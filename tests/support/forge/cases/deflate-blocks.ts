import {
  BitWriter,
  blockHeader,
  blockTypes,
  canonicalCodes,
  dynamicHeader,
  fixedDistances,
  fixedLiterals,
  storedBlock,
  zlibStream,
} from "../deflate-forge.ts";
import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { blob, file } from "../git-object.ts";
import { PackForge } from "../pack-forge.ts";

/** RFC 1951: what a deflate stream must not contain. */
export function deflateCases(): ForgedPack[] {
  return [blockKinds(), lengths(), symbols(), distances()].flatMap((list) => list.cases);
}

const codes = ["pack-corrupt", "object-corrupt", "pack-truncated"] as const;

/** The plain text that the forged streams pretend to hold: 64 equal bytes, so that every broken stream could have meant it. */
const plain = new Uint8Array(64).fill(97);

/** A pack in which the blob `packages/alpha/alpha.1.0/data` has this deflate stream. */
export function streamCase(
  list: CaseList,
  title: string,
  write: (writer: BitWriter) => BitWriter,
  text: Uint8Array = plain,
): void {
  const object = blob(text);
  const sample = list.sample(title, { version: [file("data", object)], objects: [object] });
  const pack = new PackForge();
  for (const each of sample.objects) {
    pack.object(each, each === object ? { zlib: zlibStream(write(new BitWriter()).end(), text) } : {});
  }
  list.add(title, pack.finish(), sample.tip.oid);
}

function blockKinds(): CaseList {
  const list = new CaseList("deflate block", { codes });
  streamCase(list, "reserved block type 3", (w) => blockHeader(w, blockTypes.reserved).bits(0, 32));
  streamCase(list, "reserved block type after a right block", (w) =>
    blockHeader(storedBlock(w, plain, { final: false }), blockTypes.reserved).bits(0, 32),
  );
  streamCase(list, "stored, NLEN is not LEN's complement", (w) => storedBlock(w, plain, { complement: 64 }));
  streamCase(list, "stored, NLEN off by one bit", (w) => storedBlock(w, plain, { complement: (~64 & 0xffff) ^ 0x100 }));
  streamCase(list, "stored, LEN beyond the data", (w) => storedBlock(w, plain, { length: 65_535 }));
  streamCase(list, "stored, LEN one short", (w) => storedBlock(w, plain, { length: 63 }));
  return list;
}

const zeros = (count: number): number[] => new Array<number>(count).fill(0);

function lengths(): CaseList {
  const list = new CaseList("huffman lengths", { codes });
  const literals = (...set: readonly [symbol: number, length: number][]) => {
    const out = zeros(Math.max(257, ...set.map(([symbol]) => symbol + 1)));
    for (const [symbol, length] of set) out[symbol] = length;
    return out;
  };
  const right = literals([97, 1], [256, 1]);
  const rest = (w: BitWriter) => w.bits(0, 64);
  streamCase(list, "literals over-subscribed", (w) =>
    rest(dynamicHeader(w, { literals: literals([97, 1], [98, 1], [256, 1]), distances: [0] })),
  );
  streamCase(list, "literals incomplete", (w) =>
    rest(dynamicHeader(w, { literals: literals([97, 2], [256, 2]), distances: [0] })),
  );
  streamCase(list, "no end-of-block code", (w) =>
    rest(dynamicHeader(w, { literals: literals([97, 1], [98, 1]), distances: [0] })),
  );
  streamCase(list, "no literal code at all", (w) => rest(dynamicHeader(w, { literals: zeros(257), distances: [0] })));
  streamCase(list, "distances over-subscribed", (w) =>
    rest(dynamicHeader(w, { literals: right, distances: [1, 1, 1] })),
  );
  streamCase(list, "distances incomplete", (w) => rest(dynamicHeader(w, { literals: right, distances: [2, 2] })));
  streamCase(list, "a single distance code of two bits", (w) =>
    rest(dynamicHeader(w, { literals: right, distances: [2] })),
  );
  const clen = (...set: readonly [symbol: number, length: number][]) => {
    const out = zeros(19);
    for (const [symbol, length] of set) out[symbol] = length;
    return out;
  };
  const noSymbols = { literals: right, distances: [0], symbols: [] };
  streamCase(list, "code lengths over-subscribed", (w) =>
    rest(dynamicHeader(w, { ...noSymbols, codeLengths: clen([0, 1], [1, 1], [2, 1]) })),
  );
  streamCase(list, "code lengths incomplete", (w) =>
    rest(dynamicHeader(w, { ...noSymbols, codeLengths: clen([0, 2], [1, 2]) })),
  );
  streamCase(list, "code lengths all zero", (w) => rest(dynamicHeader(w, { ...noSymbols, codeLengths: zeros(19) })));
  const repeats = clen([0, 2], [1, 2], [16, 2], [18, 2]);
  streamCase(list, "repeat of the previous length at the start", (w) =>
    rest(
      dynamicHeader(w, {
        literals: right,
        distances: [0],
        codeLengths: repeats,
        symbols: [{ symbol: 16, extra: 0, bits: 2 }],
      }),
    ),
  );
  const zerosUntil = [{ symbol: 18, extra: 127, bits: 7 }, { symbol: 18, extra: 107, bits: 7 }, { symbol: 1 }];
  streamCase(list, "repeat of zeros beyond the last code", (w) =>
    rest(
      dynamicHeader(w, {
        literals: right,
        distances: [0],
        codeLengths: repeats,
        symbols: [...zerosUntil, { symbol: 18, extra: 20, bits: 7 }],
      }),
    ),
  );
  streamCase(list, "repeat of the previous beyond the last code", (w) =>
    rest(
      dynamicHeader(w, {
        literals: right,
        distances: [0],
        codeLengths: repeats,
        symbols: [...zerosUntil, { symbol: 16, extra: 3, bits: 2 }],
      }),
    ),
  );
  streamCase(list, "287 literal codes", (w) =>
    rest(dynamicHeader(w, { literals: [...right, ...zeros(30)], distances: [0] })),
  );
  streamCase(list, "288 literal codes", (w) =>
    rest(dynamicHeader(w, { literals: [...right, ...zeros(31)], distances: [0] })),
  );
  streamCase(list, "31 distance codes", (w) =>
    rest(dynamicHeader(w, { literals: right, distances: [1, 1, ...zeros(29)] })),
  );
  streamCase(list, "32 distance codes", (w) =>
    rest(dynamicHeader(w, { literals: right, distances: [1, 1, ...zeros(30)] })),
  );
  streamCase(list, "header cut in its code lengths", (w) =>
    dynamicHeader(w, { literals: right, distances: [0], codeLengths: repeats, symbols: zerosUntil.slice(0, 1) }),
  );
  return list;
}

function symbols(): CaseList {
  const list = new CaseList("deflate symbol", { codes });
  for (const symbol of [286, 287]) {
    streamCase(list, `length symbol ${symbol}`, (w) =>
      blockHeader(w, blockTypes.fixed)
        .code(fixedLiterals[97])
        .code(fixedLiterals[symbol])
        .code(fixedDistances[0])
        .bits(0, 40),
    );
  }
  for (const symbol of [30, 31]) {
    streamCase(list, `distance symbol ${symbol}`, (w) =>
      blockHeader(w, blockTypes.fixed)
        .code(fixedLiterals[97])
        .code(fixedLiterals[257])
        .code(fixedDistances[symbol])
        .bits(0, 40),
    );
  }
  const literals = zeros(258);
  literals[97] = 1;
  literals[256] = 2;
  literals[257] = 2;
  const coded = canonicalCodes(literals);
  streamCase(list, "a length although no distance has a code", (w) =>
    dynamicHeader(w, { literals, distances: [0] })
      .code(coded[97])
      .code(coded[257])
      .bits(0, 40),
  );
  streamCase(list, "the unused half of a single distance code", (w) =>
    dynamicHeader(w, { literals, distances: [1] })
      .code(coded[97])
      .code(coded[257])
      .bits(1, 1)
      .bits(0, 40),
  );
  streamCase(list, "more output than the header names", (w) => {
    blockHeader(w, blockTypes.fixed).code(fixedLiterals[97]);
    for (let i = 0; i < 9; i++) w.code(fixedLiterals[285]).code(fixedDistances[0]);
    return w.code(fixedLiterals[256]);
  });
  return list;
}

function distances(): CaseList {
  const list = new CaseList("distance too far back", { codes });
  streamCase(list, "at the first byte", (w) =>
    blockHeader(w, blockTypes.fixed).code(fixedLiterals[257]).code(fixedDistances[0]).code(fixedLiterals[256]),
  );
  streamCase(list, "one beyond what there is", (w) =>
    blockHeader(w, blockTypes.fixed)
      .code(fixedLiterals[97])
      .code(fixedLiterals[257])
      .code(fixedDistances[1])
      .code(fixedLiterals[256]),
  );
  streamCase(list, "32 KiB after four bytes", (w) => storedAndFar(w, 4));
  streamCase(list, "into the object before", (w) =>
    blockHeader(w, blockTypes.fixed)
      .code(fixedLiterals[97])
      .code(fixedLiterals[285])
      .code(fixedDistances[10])
      .bits(0, 4)
      .code(fixedLiterals[256]),
  );
  return list;
}

function storedAndFar(writer: BitWriter, length: number): BitWriter {
  const stored = storedBlock(writer, plain.subarray(0, length), { final: false });
  return blockHeader(stored, blockTypes.fixed)
    .code(fixedLiterals[257])
    .code(fixedDistances[29])
    .bits(8191, 13)
    .code(fixedLiterals[256]);
}
