import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { pieceBytes } from "./blob-bytes.ts";
import type { MemoryContents, MemoryPack } from "./memory-contents.ts";
import type { PackReadable, PackWriter } from "./store.ts";

export function writeMemoryPack(contents: MemoryContents, slice: Slice | undefined): PackWriter {
  let pieces: Uint8Array[] = [];
  let used = pieceBytes;
  let size = 0;
  let ended: { readonly key: string | null } | null = null;
  const writerEnded = () => new MirrorError("aborted", { what: "writing the pack" });

  return {
    async write(bytes) {
      if (ended) throw writerEnded();
      for (let at = 0; at < bytes.length; ) {
        if (slice?.due()) await slice.pause();
        if (used === pieceBytes) {
          pieces.push(new Uint8Array(pieceBytes));
          used = 0;
        }
        const part = bytes.subarray(at, at + pieceBytes - used);
        pieces.at(-1)!.set(part, used);
        used += part.length;
        at += part.length;
      }
      size += bytes.length;
    },

    async commit(key, idx) {
      if (ended?.key === key) return;
      if (ended) throw writerEnded();
      ended = { key };
      const last = pieces.pop();
      if (last) pieces.push(last.slice(0, used));
      contents.packs.set(key, { size, pieces, idx: idx.slice() });
      pieces = [];
    },

    async abort() {
      ended ??= { key: null };
      pieces = [];
    },
  };
}

export function readMemoryPack(key: string, pack: MemoryPack, slice: Slice | undefined): PackReadable {
  return {
    key,
    size: pack.size,
    async read(offset, length) {
      const start = Math.min(offset, pack.size);
      const bytes = new Uint8Array(Math.max(0, Math.min(length, pack.size - start)));
      for (let at = 0; at < bytes.length; ) {
        if (slice?.due()) await slice.pause();
        const within = (start + at) % pieceBytes;
        // Every piece but the last is full, so that a position says which piece holds it.
        const piece = pack.pieces[Math.floor((start + at) / pieceBytes)]!;
        const part = piece.subarray(within, within + bytes.length - at);
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    async idx() {
      return pack.idx.slice();
    },
  };
}
