import type { Slice } from "../core/cooperation/slice.ts";
import { createDigest } from "./digest.ts";

/** Above this, handing the bytes to the platform would itself hold up the thread: it copies them in one step (11 MB: 20 ms). */
const handedOver = 2 << 20;
const stepBytes = 65536;

/** SHA-1 of bytes that are there as a whole: by the platform, off the thread, where that is possible; else in slices here. */
export async function sha1OfWhole(bytes: Uint8Array<ArrayBuffer>, slice: Slice): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (subtle !== undefined && bytes.length <= handedOver) return new Uint8Array(await subtle.digest("SHA-1", bytes));
  const digest = await createDigest("sha1");
  digest.init();
  for (let at = 0; at < bytes.length; at += stepBytes) {
    digest.update(bytes.subarray(at, at + stepBytes));
    if (slice.due()) await slice.pause();
  }
  return digest.digest();
}
