import { kindOf } from "./object-type.ts";

/** Room that the longest head takes: `commit 4294967295\0`, rounded up. */
export const headRoom = 24;

/** Git hashes `<kind> <size>\0` and the bytes. Writes that head right in front of `bytes[at]`, so that one update does; returns where it starts. */
export function writeObjectHead(bytes: Uint8Array, at: number, type: number, size: number): number {
  let from = at - 1;
  bytes[from] = 0;
  let rest = size;
  do {
    bytes[--from] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  } while (rest > 0);
  bytes[--from] = 32;
  const kind = kindOf(type)!;
  for (let i = kind.length - 1; i >= 0; i--) bytes[--from] = kind.charCodeAt(i);
  return from;
}
