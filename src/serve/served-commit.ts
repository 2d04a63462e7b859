import { Channel } from "../core/cooperation/channel.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { readCommit } from "../core/git/commit.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { findNewObjects } from "../core/git/new-objects.ts";
import { objectTypes } from "../core/git/object-type.ts";
import { fromHex } from "../core/git/oid.ts";
import { PackUnion } from "../core/git/pack-union.ts";
import { findReachable, type Reachable } from "../core/git/reachable.ts";
import { repack } from "../core/git/repack.ts";
import { deflate } from "../platform/deflate.ts";
import { createDigest } from "../platform/digest.ts";
import type { SnapshotRecord } from "../store/records.ts";
import type { PackReadable, Store } from "../store/store.ts";
import { StoredObjects } from "../store/stored-objects.ts";

const windowBytes = 4 << 20;
/** Bytes of a stored pack that are read at once when it is sent as it is. */
const pieceBytes = 4 * 65_515;
/** Pieces between who puts a pack together and who sends it. */
const piecesInFlight = 4;
/** Haves that are looked up: the first are a client's newest commits. */
const consideredHaves = 256;

/** A snapshot as Git clients fetch it. Its packs stay open, so that it can be sent to the end after it was replaced. */
export class ServedCommit {
  readonly record: SnapshotRecord;
  readonly #packs: readonly PackReadable[];
  readonly #objects: StoredObjects;
  readonly #slice: () => Slice;
  #union: PackUnion | null = null;
  #whole: Promise<Reachable> | null = null;

  private constructor(
    record: SnapshotRecord,
    packs: readonly PackReadable[],
    objects: StoredObjects,
    slice: () => Slice,
  ) {
    this.record = record;
    this.#packs = packs;
    this.#objects = objects;
    this.#slice = slice;
  }

  /** Throws `store-lost` when a pack is gone. */
  static async open(store: Pick<Store, "pack">, record: SnapshotRecord, slice: () => Slice): Promise<ServedCommit> {
    const packs: PackReadable[] = [];
    for (const key of record.packs) {
      const pack = await store.pack(key);
      if (pack === undefined) throw new MirrorError("store-lost", { reason: `pack ${key} is gone` });
      packs.push(pack);
    }
    const held = { pack: async (key: string) => packs.find((pack) => pack.key === key) };
    return new ServedCommit(record, packs, await StoredObjects.open(held, record.packs, windowBytes), slice);
  }

  /** Whether all of these commits can be sent. Earlier ones can as long as their objects were not compacted away. */
  async has(commits: readonly string[]): Promise<boolean> {
    for (const commit of commits) {
      if (commit === this.record.commit) continue;
      if ((await this.#parents(commit)) === null) return false;
      try {
        await findReachable(this.#numbers(), this.#objects.reader, commit, this.#slice());
      } catch (thrown) {
        if (thrown instanceof MirrorError && thrown.code === "store-lost") return false;
        throw thrown;
      }
    }
    return true;
  }

  /** The first of a client's commits that is known here, with its tree. */
  async common(haves: readonly string[]): Promise<string | null> {
    for (const have of haves.slice(0, consideredHaves)) if ((await this.#parents(have)) !== null) return have;
    return null;
  }

  /** Those commits of them that have parents. */
  async withParents(commits: readonly string[]): Promise<readonly string[]> {
    const cut: string[] = [];
    for (const commit of commits) if ((await this.#parents(commit))?.length) cut.push(commit);
    return cut;
  }

  /** A pack of what `wants` need and somebody who has `common` lacks. */
  async pack(wants: readonly string[], common: string | null): Promise<AsyncIterable<Uint8Array>> {
    const only = wants.length === 1 && wants[0] === this.record.commit;
    // The one pack of a snapshot is what its commit needs, as the remote or a compaction packed it.
    if (common === null && only && this.#packs.length === 1) return stored(this.#packs[0]!);
    let chosen: Reachable | null = null;
    for (const want of wants) {
      const needed = (common === null ? null : await this.#lacking(want, common)) ?? (await this.#reachable(want));
      chosen = chosen === null ? needed : joined(chosen, needed);
    }
    return this.#repacked(chosen!);
  }

  #lacking(want: string, common: string): Promise<Reachable | null> {
    return findNewObjects(this.#numbers(), this.#objects.reader, want, common, this.#slice());
  }

  #reachable(want: string): Promise<Reachable> {
    const find = () => findReachable(this.#numbers(), this.#objects.reader, want, this.#slice());
    if (want !== this.record.commit) return find();
    this.#whole ??= find().catch((thrown: unknown) => {
      this.#whole = null;
      throw thrown;
    });
    return this.#whole;
  }

  #numbers(): PackUnion {
    this.#union ??= new PackUnion(this.#objects.packs);
    return this.#union;
  }

  async #parents(commit: string): Promise<readonly string[] | null> {
    if (this.#objects.find(fromHex(commit), 0) === null) return null;
    const object = await this.#objects.read(commit);
    return object?.type === objectTypes.commit ? readCommit(object.bytes).parents : null;
  }

  async *#repacked(kept: Reachable): AsyncGenerator<Uint8Array> {
    const pieces = new Channel<Uint8Array>(piecesInFlight);
    const packing = repack(this.#numbers(), kept, {
      limits: defaultLimits,
      slice: this.#slice(),
      sha1: await createDigest("sha1"),
      reader: this.#objects.reader,
      deflate,
      sink: (bytes) => pieces.send(bytes.slice()),
    }).then(
      () => pieces.end(),
      (thrown: unknown) => pieces.fail(thrown),
    );
    try {
      for (let piece = await pieces.receive(); piece !== undefined; piece = await pieces.receive()) yield piece;
    } finally {
      // A client that leaves ends the work for it.
      pieces.fail(new MirrorError("aborted", { what: "The pack" }));
      await packing;
    }
  }
}

async function* stored(pack: PackReadable): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < pack.size; at += pieceBytes) yield await pack.read(at, pieceBytes);
}

function joined(left: Reachable, right: Reachable): Reachable {
  const marks = left.marks.slice();
  let { count } = left;
  for (let number = 0; number < marks.length; number++) {
    if (marks[number] === 0 && right.marks[number] === 1) {
      marks[number] = 1;
      count++;
    }
  }
  return { marks, count };
}
