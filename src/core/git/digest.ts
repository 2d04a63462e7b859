/** An incremental hash with a synchronous interface, given by the host (see platform/digest.ts). */
export interface Digest {
  init(): void;
  update(bytes: Uint8Array): void;
  /** The finished hash; `init` starts the next one. */
  digest(): Uint8Array;
}
