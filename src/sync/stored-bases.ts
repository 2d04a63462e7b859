import { toHex } from "../core/git/oid.ts";
import type { PackedObject } from "../core/git/stored-object.ts";
import { findInTree } from "../core/git/tree.ts";
import { deflate } from "../platform/deflate.ts";
import type { Foundation } from "./verify.ts";

/** Bases that are made ready before they are asked for. They are objects of our own, and a thin pack may name them all. */
const maximalReady = 1000;

/**
 * The stored bases of a thin pack's deltas. They are read and compressed as soon as a delta names them, all side by side: one after the
 * other, each would wait for the platform's compressor.
 */
export class StoredBases {
  /** Rejects when it cannot be opened. */
  readonly foundation: Promise<Foundation>;
  readonly #ready: Map<string, Promise<PackedObject | null>> = new Map();

  constructor(foundation: Promise<Foundation>) {
    this.foundation = foundation;
    // That it failed is said when nothing arrives any more.
    this.#expect().catch(() => undefined);
  }

  want(oid: string): void {
    if (this.#ready.size >= maximalReady || this.#ready.has(oid)) return;
    const base = this.#make(oid);
    this.#ready.set(oid, base);
    // Who asks for it hears of it; it may have arrived by then.
    base.catch(() => undefined);
  }

  /** The object with its zlib stream; null when it is not stored. Throws `store-lost` when it is damaged. */
  get(oid: string): Promise<PackedObject | null> {
    const ready = this.#ready.get(oid);
    this.#ready.delete(oid);
    return ready ?? this.#make(oid);
  }

  /** Nearly every update changes these two folders, and the second is the largest object there is: there is time for it while the remote packs. */
  async #expect(): Promise<void> {
    const { tree } = (await this.foundation).snapshot;
    this.want(tree);
    const root = await this.#ready.get(tree);
    if (!root) return;
    const packages = findInTree(root.bytes, 0, root.bytes.length, new TextEncoder().encode("packages"));
    if (packages !== null) this.want(toHex(root.bytes, packages.oidAt, packages.oidAt + 20));
  }

  async #make(oid: string): Promise<PackedObject | null> {
    const { objects } = await this.foundation;
    const object = await objects.read(oid);
    if (object === null || object.zlib !== undefined) return object;
    return { ...object, zlib: await deflate(object.bytes) };
  }
}
