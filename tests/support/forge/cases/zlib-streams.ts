import { deflateRawSync, deflateSync } from "node:zlib";
import { adler32, BitWriter, blockHeader, blockTypes, zlibStream } from "../deflate-forge.ts";
import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { concat, type GitObject } from "../git-object.ts";
import type { PackForge } from "../pack-forge.ts";
import type { Sample } from "../sample-repository.ts";

/** RFC 1950: header, checksum, end of the stream. */
export function zlibCases(): ForgedPack[] {
  return [headers(), checksums(), ends(), remains()].flatMap((list) => list.cases);
}

/** All objects, the opam file's stream replaced. */
function withStream(pack: PackForge, sample: Sample, stream: (object: GitObject) => Uint8Array): undefined {
  for (const object of sample.objects) pack.object(object, object === sample.opam ? { zlib: stream(object) } : {});
}

function headers(): CaseList {
  const list = new CaseList("zlib header", { codes: ["pack-corrupt", "object-corrupt"] });
  const cases: readonly [string, { cmf?: number; flags?: number; dictionary?: number }][] = [
    ["FCHECK wrong", { flags: 0x9d }],
    ["CM 7 in place of deflate", { cmf: 0x77 }],
    ["CM 0", { cmf: 0x70 }],
    ["CM 15", { cmf: 0x7f }],
    ["window of 64 KiB (CINFO 8)", { cmf: 0x88 }],
    ["window of 8 MiB (CINFO 15)", { cmf: 0xf8 }],
    ["preset dictionary asked for", { dictionary: 0x12345678 }],
    ["FDICT without a dictionary's id", { flags: 0xbb }],
  ];
  for (const [title, options] of cases) {
    list.forge(title, (pack, sample) =>
      withStream(pack, sample, ({ data }) => zlibStream(deflateRawSync(data), data, options)),
    );
  }
  list.forge("raw deflate without a header", (pack, sample) =>
    withStream(pack, sample, ({ data }) => deflateRawSync(data)),
  );
  list.forge("plain bytes", (pack, sample) => withStream(pack, sample, ({ data }) => data));
  return list;
}

function checksums(): CaseList {
  const list = new CaseList("adler-32", { codes: ["pack-corrupt", "object-corrupt"] });
  const wrong: readonly [string, (data: Uint8Array) => number][] = [
    ["one bit", (data) => adler32(data) ^ 1],
    ["highest bit", (data) => adler32(data) ^ 0x80000000],
    ["zero", () => 0],
    ["one (that of no bytes)", () => 1],
    ["little-endian", (data) => Buffer.from(deflateSync(data).subarray(-4)).readUInt32LE()],
    ["of the data without its last byte", (data) => adler32(data.subarray(0, -1))],
  ];
  for (const [title, adler] of wrong) {
    list.forge(title, (pack, sample) =>
      withStream(pack, sample, ({ data }) => zlibStream(deflateRawSync(data), data, { adler: adler(data) })),
    );
  }
  list.forge("in an empty blob's stream", (pack, sample) => {
    pack.objects(sample.objects);
    pack.entry(3, new Uint8Array(0), {
      zlib: zlibStream(deflateRawSync(new Uint8Array(0)), new Uint8Array(0), { adler: 2 }),
    });
  });
  return list;
}

function ends(): CaseList {
  const list = new CaseList("zlib truncated", {
    codes: ["pack-corrupt", "pack-truncated", "object-corrupt", "pack-checksum"],
  });
  for (const missing of [1, 2, 4, 5, 20]) {
    list.forge(`${missing} bytes missing in the middle of the pack`, (pack, sample) =>
      withStream(pack, sample, ({ data }) => deflateSync(data).subarray(0, -missing)),
    );
    list.forge(`${missing} bytes missing at the end of the pack`, (pack, sample) => {
      pack.objects(sample.objects);
      const data = concat("a last blob with a text that does not compress: 8f1c77e2a09b34d56");
      pack.entry(3, data, { zlib: deflateSync(data).subarray(0, -missing) });
    });
  }
  list.forge("header only", (pack, sample) => withStream(pack, sample, ({ data }) => deflateSync(data).subarray(0, 2)));
  list.forge("no stream at all", (pack, sample) => withStream(pack, sample, () => new Uint8Array(0)));
  list.forge("no final block", (pack, sample) =>
    withStream(pack, sample, ({ data }) => {
      const open = new BitWriter();
      blockHeader(open, blockTypes.stored, false)
        .align()
        .bits(data.length, 16)
        .bits(~data.length & 0xffff, 16)
        .bytes(data);
      return zlibStream(open.end(), data);
    }),
  );
  return list;
}

function remains(): CaseList {
  const list = new CaseList("zlib trailing bytes", {
    codes: ["pack-corrupt", "pack-checksum", "pack-truncated", "object-corrupt"],
  });
  for (const [title, extra] of [
    ["one zero byte", Uint8Array.of(0)],
    ["four bytes, as if the checksum came twice", Uint8Array.of(1, 2, 3, 4)],
    ["a second stream", deflateSync(concat("more"))],
  ] as const) {
    list.forge(`${title}, in the middle`, (pack, sample) =>
      withStream(pack, sample, ({ data }) => concat(deflateSync(data), extra)),
    );
    list.forge(`${title}, at the end of the pack`, (pack, sample) => {
      pack.objects(sample.objects);
      const data = concat("a last blob");
      pack.entry(3, data, { zlib: concat(deflateSync(data), extra) });
    });
  }
  return list;
}
