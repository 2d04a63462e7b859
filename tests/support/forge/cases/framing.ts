import { CaseList, type ForgedPack } from "../forged-pack.ts";
import { concat } from "../git-object.ts";
import { PackForge, repairTrailer } from "../pack-forge.ts";

/** Header, count, trailer, length: what surrounds the entries. */
export function framingCases(): ForgedPack[] {
  return [...signatures(), ...versions(), ...counts(), ...trailers(), ...gaps(), ...cuts()].flatMap(
    (list) => list.cases,
  );
}

function signatures(): CaseList[] {
  const list = new CaseList("signature", { codes: ["pack-corrupt", "protocol-broken", "remote-not-git"] });
  for (const signature of ["PACC", "pack", "KCAP", "\0\0\0\0", "<htm"]) {
    list.forge(`signature ${JSON.stringify(signature)}`, (pack, sample) => {
      pack.objects(sample.objects);
      return { signature };
    });
  }
  list.forge("a byte before the signature", (pack, sample) => {
    pack.objects(sample.objects);
    return { signature: "\nPACK" };
  });
  return [list];
}

function versions(): CaseList[] {
  const list = new CaseList("version", { codes: ["pack-corrupt", "protocol-broken", "unsupported"] });
  for (const version of [0, 1, 4, 0x02000000, 0xffffffff]) {
    list.forge(`version ${version}`, (pack, sample) => {
      pack.objects(sample.objects);
      return { version };
    });
  }
  list.forge(
    "version 3",
    (pack, sample) => {
      pack.objects(sample.objects);
      return { version: 3 };
    },
    { git: "accept", eitherIsRight: true, note: "Git reads version 3 like version 2 and never writes it" },
  );
  return [list];
}

function counts(): CaseList[] {
  const low = new CaseList("count too low", {
    codes: ["pack-checksum", "pack-corrupt"],
    note: "entries remain where the trailer should be",
  });
  const high = new CaseList("count too high", { codes: ["pack-truncated", "pack-corrupt", "pack-limit"] });
  const entries = 13;
  for (const count of [0, 1, entries - 1]) {
    low.forge(
      `${count} of ${entries}`,
      (pack, sample) => {
        pack.objects(sample.objects);
        return { count };
      },
      { codes: ["pack-checksum", "pack-corrupt", "object-missing"] },
    );
  }
  for (const count of [entries + 1, entries * 2, 400_000, 2 ** 31, 2 ** 32 - 1]) {
    high.forge(`${count} of ${entries}`, (pack, sample) => {
      pack.objects(sample.objects);
      return { count };
    });
  }
  const empty = new CaseList("empty pack", { codes: ["object-missing", "pack-corrupt"] });
  empty.forge("no objects, right trailer", () => {}, { note: "Git takes the pack and then misses the commit" });
  empty.forge("no objects, wrong trailer", () => ({ trailer: "wrong" }), { codes: ["pack-checksum", "pack-corrupt"] });
  empty.forge("no objects, claims one", () => ({ count: 1 }), { codes: ["pack-truncated", "pack-corrupt"] });
  return [low, high, empty];
}

function trailers(): CaseList[] {
  const wrong = new CaseList("trailer wrong", { codes: ["pack-checksum"] });
  const trailers: readonly [string, Uint8Array | "wrong"][] = [
    ["one bit", "wrong"],
    ["zeros", new Uint8Array(20)],
    ["all ones", new Uint8Array(20).fill(255)],
  ];
  for (const [title, trailer] of trailers) {
    wrong.forge(title, (pack, sample) => {
      pack.objects(sample.objects);
      return { trailer };
    });
  }
  wrong.forge("hash of another pack", (pack, sample) => {
    const other = new PackForge().objects(sample.objects.slice(1)).finish();
    pack.objects(sample.objects);
    return { trailer: other.subarray(-20) };
  });
  wrong.forge("hash of the pack without its header", (pack, sample) => {
    pack.objects(sample.objects);
    const right = pack.finish();
    return { trailer: repairTrailer(right.subarray(12)).subarray(-20) };
  });
  const short = new CaseList("trailer truncated", { codes: ["pack-truncated", "pack-corrupt", "pack-checksum"] });
  for (const length of [0, 1, 10, 19]) {
    short.forge(`${length} of 20 bytes`, (pack, sample) => {
      pack.objects(sample.objects);
      return { trailer: pack.finish().subarray(-20).subarray(0, length) };
    });
  }
  const after = new CaseList("bytes after the trailer", {
    codes: ["pack-corrupt", "protocol-broken", "pack-checksum"],
  });
  for (const [title, extra] of [
    ["one zero byte", new Uint8Array(1)],
    ["a kilobyte", new Uint8Array(1024).fill(7)],
  ] as const) {
    after.forge(title, (pack, sample) => {
      pack.objects(sample.objects);
      return { afterTrailer: extra };
    });
  }
  after.forge("the trailer twice", (pack, sample) => {
    pack.objects(sample.objects);
    return { afterTrailer: pack.finish().subarray(-20) };
  });
  after.forge("the pack twice", (pack, sample) => {
    pack.objects(sample.objects);
    return { afterTrailer: pack.finish() };
  });
  return [wrong, short, after];
}

function gaps(): CaseList[] {
  const list = new CaseList("bytes before the trailer", {
    codes: ["pack-checksum", "pack-corrupt"],
    note: "the trailer hashes them too",
  });
  for (const [title, extra] of [
    ["one zero byte", new Uint8Array(1)],
    ["twenty bytes", new Uint8Array(20).fill(9)],
    ["a right trailer's worth of text", concat("x".repeat(40))],
  ] as const) {
    list.forge(title, (pack, sample) => {
      pack.objects(sample.objects);
      return { beforeTrailer: extra };
    });
  }
  list.forge(
    "a gap between two entries",
    (pack, sample) => {
      pack.objects(sample.objects.slice(0, 5));
      pack.raw(Uint8Array.of(0, 0));
      pack.objects(sample.objects.slice(5));
    },
    { codes: ["pack-corrupt", "pack-checksum", "pack-truncated"] },
  );
  return [list];
}

function cuts(): CaseList[] {
  const codes = ["pack-truncated", "pack-corrupt", "pack-checksum", "protocol-broken", "object-missing"] as const;
  const plain = new CaseList("cut", { codes });
  const repaired = new CaseList("cut, trailer repaired", { codes });
  for (const at of [0, 3, 4, 11, 12, 13, 40, 0.3, 0.6, 0.9]) {
    const title = at < 1 && at > 0 ? `at ${at * 100} %` : `at byte ${at}`;
    for (const list of [plain, repaired]) {
      const sample = list.sample(title);
      const whole = new PackForge().objects(sample.objects).finish();
      const length = at > 0 && at < 1 ? Math.floor(whole.length * at) : at;
      const cut = whole.subarray(0, length);
      if (list === plain) list.add(title, new Uint8Array(cut), sample.tip.oid);
      else if (length >= 12) list.add(title, repairTrailer(concat(cut, new Uint8Array(20))), sample.tip.oid);
    }
  }
  repaired.forge("at the last entry's start", (pack, sample) => {
    pack.objects(sample.objects.slice(0, -1));
    return { count: sample.objects.length };
  });
  return [plain, repaired];
}
