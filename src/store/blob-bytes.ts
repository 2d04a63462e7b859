import type { Slice } from "../core/cooperation/slice.ts";
import { bytesLost } from "./storage-failure.ts";

/** Bytes moved by one call, so that no call blocks its thread for longer than a slice. */
export const pieceBytes: number = 1024 * 1024;
/** Bytes read by one call: the browser hands them over in smaller pieces by itself. */
const readBytes = 4 * pieceBytes;

/**
 * At most `length` bytes of a stored Blob from `offset`; fewer only at its end. Throws `store-lost` when the bytes
 * behind the handle are gone, and never answers fewer bytes than the handle promised.
 */
export async function blobRange(
  what: string,
  blob: Blob,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const start = Math.min(offset, blob.size);
  const end = Math.min(start + length, blob.size);
  if (end <= start) return new Uint8Array(0);
  const bytes = await blob
    .slice(start, end)
    .arrayBuffer()
    .catch((thrown: unknown) => {
      throw bytesLost(what, thrown);
    });
  if (bytes.byteLength !== end - start)
    throw bytesLost(what, new Error(`${bytes.byteLength} of ${end - start} bytes were there`));
  return new Uint8Array(bytes);
}

/** All of a stored Blob, read piece by piece. Throws `store-lost`. */
export async function blobBytes(what: string, blob: Blob, slice: Slice | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (blob.size <= readBytes) return blobRange(what, blob, 0, blob.size);
  const bytes = new Uint8Array(blob.size);
  for (let at = 0; at < blob.size; at += readBytes) {
    if (slice?.due()) await slice.pause();
    bytes.set(await blobRange(what, blob, at, readBytes), at);
  }
  return bytes;
}

/** Whether two Blobs hold the same bytes. A piece that cannot be read counts as different. */
export async function sameBlobs(left: Blob, right: Blob, slice: Slice | undefined): Promise<boolean> {
  if (left.size !== right.size) return false;
  for (let at = 0; at < left.size; at += pieceBytes) {
    let pair: readonly [Uint8Array, Uint8Array];
    try {
      pair = await Promise.all([
        blobRange("stored bytes", left, at, pieceBytes),
        blobRange("new bytes", right, at, pieceBytes),
      ]);
    } catch {
      return false;
    }
    for (let from = 0; from < pair[0].length; from += 65_536) {
      if (slice?.due()) await slice.pause();
      if (!sameRange(pair[0], pair[1], from, Math.min(from + 65_536, pair[0].length))) return false;
    }
  }
  return true;
}

function sameRange(left: Uint8Array, right: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (left[i] !== right[i]) return false;
  return true;
}
