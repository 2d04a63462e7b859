import { createMD5, createSHA1, createSHA256, createSHA512, type IHasher } from "hash-wasm";
import type { Digest } from "../core/git/digest.ts";

export type DigestName = "md5" | "sha1" | "sha256" | "sha512";

const create: { readonly [name in DigestName]: () => Promise<IHasher> } = {
  md5: createMD5,
  sha1: createSHA1,
  sha256: createSHA256,
  sha512: createSHA512,
};

/** A new digest, independent of all others. Needs `wasm-unsafe-eval` where a content security policy applies. */
export async function createDigest(name: DigestName): Promise<Digest> {
  const hasher = await create[name]();
  return {
    init: () => void hasher.init(),
    update: (bytes) => void hasher.update(bytes),
    digest: () => hasher.digest("binary"),
  };
}
