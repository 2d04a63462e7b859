import { deflateSync, inflateSync } from "node:zlib";
import { Random } from "../../fixtures/random.ts";
import { concat } from "./git-object.ts";
import { type PackEntry, packEntries, packOf } from "./pack-entries.ts";
import { repairTrailer } from "./pack-forge.ts";

export interface Mutant {
  readonly index: number;
  /** What was done, for a report that can be replayed with the seed and the index. */
  readonly title: string;
  readonly pack: Uint8Array;
  /** The trailer is right for the mutated bytes, so that only the entries can betray the change. */
  readonly repaired: boolean;
}

export interface MutationOptions {
  readonly seed: string | number;
  readonly count: number;
  /** Index of the first mutant; the mutant of an index does not depend on where the run began. */
  readonly from?: number;
}

/**
 * Mutants of a right pack: every second one is damaged as a whole, trailer and all; of the others, which get a right trailer, half are
 * damaged in their bytes and half in their entries (content, kind, size, base, number) with everything around them right.
 */
export function* mutatedPacks(pack: Uint8Array, options: MutationOptions): Generator<Mutant, void, void> {
  const { seed, count, from = 0 } = options;
  const entries = packEntries(pack);
  for (let index = from; index < from + count; index++) {
    const random = new Random(`mutant/${seed}/${index}`);
    let mutant: Mutant;
    do {
      mutant = { index, ...mutate(random, pack, entries, index) };
    } while (Buffer.compare(mutant.pack, pack) === 0);
    yield mutant;
  }
}

function mutate(random: Random, pack: Uint8Array, entries: readonly PackEntry[], index: number): Omit<Mutant, "index"> {
  if (index % 2 === 0) return { ...random.pick(byteChanges)(random, pack), repaired: false };
  if (index % 4 === 1) {
    const change = random.pick(byteChanges)(random, pack.subarray(0, -20));
    return { title: change.title, pack: repairTrailer(concat(change.pack, new Uint8Array(20))), repaired: true };
  }
  return { ...random.pick(entryChanges)(random, entries), repaired: true };
}

interface Change {
  readonly title: string;
  readonly pack: Uint8Array;
}

const byteChanges: readonly ((random: Random, pack: Uint8Array) => Change)[] = [
  function flip(random, pack) {
    const out = pack.slice();
    const places: number[] = [];
    for (let i = random.pick([1, 1, 1, 2, 8]); i > 0; i--) {
      const at = random.int(pack.length);
      places.push(at);
      out[at] = (out[at] ?? 0) ^ (1 << random.int(8));
    }
    return { title: `bits flipped at ${places.join(", ")}`, pack: out };
  },
  function overwrite(random, pack) {
    const out = pack.slice();
    const at = random.int(pack.length);
    const length = random.between(1, 40);
    out.set(random.bytes(length).subarray(0, pack.length - at), at);
    return { title: `${length} bytes overwritten at ${at}`, pack: out };
  },
  function zero(random, pack) {
    const at = random.int(pack.length);
    const length = random.between(1, 4096);
    return { title: `${length} bytes zeroed at ${at}`, pack: pack.slice().fill(0, at, at + length) };
  },
  function cut(random, pack) {
    const length = random.int(pack.length);
    return { title: `cut to ${length} bytes`, pack: pack.slice(0, length) };
  },
  function remove(random, pack) {
    const [at, length] = [random.int(pack.length), random.between(1, 2000)];
    return {
      title: `${length} bytes removed at ${at}`,
      pack: concat(pack.subarray(0, at), pack.subarray(at + length)),
    };
  },
  function repeat(random, pack) {
    const [at, length] = [random.int(pack.length), random.between(1, 2000)];
    const title = `${length} bytes repeated at ${at}`;
    return {
      title,
      pack: concat(pack.subarray(0, at + length), pack.subarray(at, at + length), pack.subarray(at + length)),
    };
  },
  function splice(random, pack) {
    const [to, from, length] = [random.int(pack.length), random.int(pack.length), random.between(1, 2000)];
    const out = pack.slice();
    out.set(pack.subarray(from, Math.min(from + length, from + pack.length - to)), to);
    return { title: `${length} bytes of ${from} written over ${to}`, pack: out };
  },
  function insert(random, pack) {
    const [at, length] = [random.int(pack.length), random.between(1, 30)];
    return {
      title: `${length} bytes inserted at ${at}`,
      pack: concat(pack.subarray(0, at), random.bytes(length), pack.subarray(at)),
    };
  },
  function header(random, pack) {
    const out = pack.slice();
    const at = random.int(12);
    out[at] = random.int(256);
    return { title: `header byte ${at} set to ${out[at]}`, pack: out };
  },
];

const entryChanges: readonly ((random: Random, entries: readonly PackEntry[]) => Change)[] = [
  content,
  content,
  content,
  kind,
  size,
  base,
  drop,
  twice,
  swap,
];

function content(random: Random, entries: readonly PackEntry[]): Change {
  const at = random.int(entries.length);
  const entry = pickEntry(entries, at);
  const data = new Uint8Array(inflateSync(entry.zlib));
  const place = random.int(data.length + 1);
  const byte = random.pick([0, 46, 47, 48, 0x7f, 0x80, 0xff, random.int(256)]);
  const [changed, what] = random.pick<[Uint8Array, string]>([
    [data.map((old, i) => (i === place ? byte : old)), "replaced"],
    [concat(data.subarray(0, place), Uint8Array.of(byte), data.subarray(place)), "inserted"],
    [concat(data.subarray(0, place), data.subarray(place + 1)), "removed"],
  ]);
  const title = `entry ${at} of type ${entry.type}: byte ${place} ${what} (${byte})`;
  return { title, pack: packOf(entries.with(at, { ...entry, size: changed.length, zlib: deflateSync(changed) })) };
}

function kind(random: Random, entries: readonly PackEntry[]): Change {
  const at = random.int(entries.length);
  const entry = pickEntry(entries, at);
  const type = random.int(8);
  return { title: `entry ${at}: type ${entry.type} to ${type}`, pack: packOf(entries.with(at, { ...entry, type })) };
}

function size(random: Random, entries: readonly PackEntry[]): Change {
  const at = random.int(entries.length);
  const entry = pickEntry(entries, at);
  const wrong = random.pick([entry.size + 1, Math.max(0, entry.size - 1), 0, entry.size * 2, random.int(2 ** 31)]);
  return {
    title: `entry ${at}: size ${entry.size} to ${wrong}`,
    pack: packOf(entries.with(at, { ...entry, size: wrong })),
  };
}

function base(random: Random, entries: readonly PackEntry[]): Change {
  const deltas = entries.flatMap((entry, i) => (entry.base === null ? [] : [i]));
  if (deltas.length === 0) return drop(random, entries);
  const at = random.pick(deltas);
  const other = random.int(entries.length);
  return {
    title: `entry ${at}: base is entry ${other}`,
    pack: packOf(entries.with(at, { ...pickEntry(entries, at), base: other })),
  };
}

function drop(random: Random, entries: readonly PackEntry[]): Change {
  const at = random.int(entries.length);
  const rest = renumbered(entries.toSpliced(at, 1), (old) => (old === at ? null : old > at ? old - 1 : old));
  const count = random.chance(0.5) ? rest.length : entries.length;
  return { title: `entry ${at} left out, count ${count}`, pack: packOf(rest, count) };
}

function twice(random: Random, entries: readonly PackEntry[]): Change {
  const at = random.int(entries.length);
  return { title: `entry ${at} again at the end`, pack: packOf([...entries, pickEntry(entries, at)]) };
}

function swap(random: Random, entries: readonly PackEntry[]): Change {
  const [a, b] = [random.int(entries.length), random.int(entries.length)];
  const swapped = entries.with(a, pickEntry(entries, b)).with(b, pickEntry(entries, a));
  return {
    title: `entries ${a} and ${b} change places`,
    pack: packOf(renumbered(swapped, (old) => (old === a ? b : old === b ? a : old))),
  };
}

function renumbered(entries: readonly PackEntry[], number: (old: number) => number | null): PackEntry[] {
  return entries.map((entry) => (entry.base === null ? entry : { ...entry, base: number(entry.base) }));
}

function pickEntry(entries: readonly PackEntry[], at: number): PackEntry {
  const entry = entries[at];
  if (entry === undefined) throw new RangeError(`no entry ${at}`);
  return entry;
}
