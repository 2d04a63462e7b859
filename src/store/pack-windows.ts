import { PackIdx } from "../core/git/pack-idx.ts";
import type { PackBytes, StoredPack } from "../core/git/stored-object.ts";
import type { PackReadable } from "./store.ts";

const windowBytes = 256 * 1024;

/**
 * Windows of packs in memory, bounded and shared by all packs of a reader: reading a slice of a Blob costs more than the rest of a
 * request. Nobody waits for a window: the first read of a region takes just its bytes and has the window fetched behind it.
 */
export class PackWindows {
  readonly #capacity: number;
  readonly #windows: Map<string, Uint8Array | Promise<void>> = new Map();

  #filling = 0;

  /** `capacity` in bytes; rounded down to whole windows. */
  constructor(capacity: number) {
    this.#capacity = Math.floor(capacity / windowBytes);
  }

  /** `inBulk`: most of the pack will be read, so windows are waited for. */
  open(pack: PackReadable, inBulk: boolean = false): StoredPack {
    let idx: Promise<PackIdx> | null = null;
    return {
      key: pack.key,
      size: pack.size,
      bytes: (offset, length) => this.#bytes(pack, offset, length, inBulk),
      offsetOf: async (oid) => {
        idx ??= pack.idx().then((bytes) => new PackIdx(bytes));
        return (await idx).offsetOf(oid);
      },
    };
  }

  #bytes(pack: PackReadable, offset: number, length: number, inBulk: boolean): PackBytes | Promise<PackBytes> {
    const number = Math.floor(offset / windowBytes);
    const start = number * windowBytes;
    const end = Math.min(offset + length, pack.size);
    const key = `${pack.key}:${number}`;
    const held = this.#windows.get(key);
    if (held instanceof Uint8Array) {
      this.#windows.delete(key);
      this.#windows.set(key, held);
      // What reaches into the next window is read by itself unless what is held may do: a guess at an entry's length may fall short.
      const mayDo = !inBulk && length <= 4096 && offset + 64 < start + held.length;
      if (end <= start + held.length || mayDo) return { bytes: held, at: offset - start };
    } else {
      // One window at a time: dozens of them, behind the first requests after a publish, would keep those waiting.
      const filling = held ?? (inBulk || this.#filling === 0 ? this.#fetch(pack, key, start) : null);
      if (inBulk && filling !== null)
        return filling.then(() => this.#bytes(pack, offset, length, this.#windows.has(key)));
    }
    return pack.read(offset, end - offset).then((bytes) => ({ bytes, at: 0 }));
  }

  #fetch(pack: PackReadable, key: string, start: number): Promise<void> | null {
    if (this.#capacity < 1) return null;
    this.#filling++;
    const filling = pack.read(start, Math.min(windowBytes, pack.size - start)).then(
      (bytes) => {
        this.#windows.set(key, bytes);
        for (const oldest of this.#windows.keys()) {
          if (this.#windows.size <= this.#capacity) break;
          this.#windows.delete(oldest);
        }
      },
      // A window is a convenience; the read that needs the bytes reports what is wrong with them.
      () => void this.#windows.delete(key),
    );
    this.#windows.set(key, filling);
    void filling.then(() => this.#filling--);
    return filling;
  }
}
