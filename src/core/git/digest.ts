import type { Slice } from "../cooperation/slice.ts";

/** An incremental hash with a synchronous interface, given by the host (see platform/digest.ts). */
export interface Digest {
  init(): void;
  update(bytes: Uint8Array): void;
  /** The finished hash; `init` starts the next one. */
  digest(): Uint8Array;
}

/** The hash of bytes that are there as a whole, made off the thread where the host can (see platform/sha1.ts). */
export type WholeDigest = (bytes: Uint8Array<ArrayBuffer>, slice: Slice) => Promise<Uint8Array>;
