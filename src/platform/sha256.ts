import { createDigest } from "./digest.ts";

/** SHA-256 of bytes that are there as a whole: by the platform, off the thread, where there is one; insecure contexts have none. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (subtle !== undefined) return new Uint8Array(await subtle.digest("SHA-256", bytes));
  const digest = await createDigest("sha256");
  digest.init();
  digest.update(bytes);
  return digest.digest();
}
