import { createMD5, createSHA512, type IHasher } from "hash-wasm";

/**
 * Digests of archives only, and large ones: the service worker has them in its second script (sw/rare-digests.ts stands for this module
 * there), for nothing that answers opam's requests for package files needs them.
 */
export const rareDigests: { readonly [name in "md5" | "sha512"]: () => Promise<IHasher> } = {
  md5: createMD5,
  sha512: createSHA512,
};
