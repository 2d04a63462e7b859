import { MirrorError } from "../errors.ts";

export const packHeaderBytes = 12;
export const packTrailerBytes = 20;
const signature = 0x5041434b;

/** The number of objects that a pack's header names. Throws `pack-corrupt` unless it is of version 2 or 3 (Git documentation, gitformat-pack). */
export function readPackHeader(bytes: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0) !== signature)
    throw new MirrorError("pack-corrupt", { at: 0, reason: "it does not start with PACK" });
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3)
    throw new MirrorError("pack-corrupt", { at: 4, reason: `its version is ${version}` });
  return view.getUint32(8);
}

/** The header of a pack of version 2. */
export function packHeader(objects: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(packHeaderBytes));
  view.setUint32(0, signature);
  view.setUint32(4, 2);
  view.setUint32(8, objects);
  return new Uint8Array(view.buffer);
}
