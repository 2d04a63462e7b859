import { expect, test } from "vitest";
import { blobBytes, blobRange, pieceBytes, sameBlobs } from "../../src/store/blob-bytes.ts";
import { sampleBytes } from "../contract/store-samples.ts";

test("bytes that a handle promises and cannot deliver are lost, never short", async () => {
  const short = { size: 100, slice: () => ({ arrayBuffer: async () => new ArrayBuffer(99) }) } as unknown as Blob;
  const gone = { size: 100, slice: () => ({ arrayBuffer: async () => await notReadable() }) } as unknown as Blob;
  for (const blob of [short, gone]) {
    await expect(blobRange("pack a1", blob, 0, 100)).rejects.toMatchObject({ code: "store-lost" });
    await expect(blobBytes("pack a1", blob, undefined)).rejects.toMatchObject({ code: "store-lost" });
    expect(await sameBlobs(blob, new Blob([new Uint8Array(100)]), undefined)).toBe(false);
  }
});

test("Blobs are the same when every byte is, beyond the first piece too", async () => {
  const bytes = sampleBytes(pieceBytes + 10, 1);
  const other = bytes.slice();
  other[pieceBytes + 5]! ^= 1;
  expect(await sameBlobs(new Blob([bytes]), new Blob([bytes]), undefined)).toBe(true);
  expect(await sameBlobs(new Blob([bytes]), new Blob([other]), undefined)).toBe(false);
  expect(await sameBlobs(new Blob([bytes]), new Blob([bytes.subarray(1)]), undefined)).toBe(false);
});

function notReadable(): Promise<ArrayBuffer> {
  return Promise.reject(new DOMException("the file is gone", "NotReadableError"));
}
