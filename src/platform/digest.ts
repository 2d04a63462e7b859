import { createSHA1, createSHA256, type IHasher } from "hash-wasm";
import type { Digest } from "../core/git/digest.ts";
import { rareDigests } from "./rare-digests.ts";

export type DigestName = "md5" | "sha1" | "sha256" | "sha512";

const create: { readonly [name in DigestName]: () => Promise<IHasher> } = {
  ...rareDigests,
  sha1: createSHA1,
  sha256: createSHA256,
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
