import { hexDump } from "./hex.ts";

/** Bytes kept of a body for showing as text, and as a dump. */
export const textLimit = 65_536;
const hexLimit = 2_048;

export interface Preview {
  readonly kind: "empty" | "text" | "hex";
  /** To be shown with `textContent` only. */
  readonly text: string;
  /** Bytes of the body that `text` stands for. */
  readonly shown: number;
}

/** What to show of a body's first bytes: text when they are UTF-8 without control characters, a dump otherwise. */
export function preview(bytes: Uint8Array): Preview {
  if (bytes.length === 0) return { kind: "empty", text: "", shown: 0 };
  const head = bytes.subarray(0, textLimit);
  const text = asText(head);
  if (text !== null) return { kind: "text", text, shown: head.length };
  const dumped = bytes.subarray(0, hexLimit);
  return { kind: "hex", text: hexDump(dumped), shown: dumped.length };
}

function asText(bytes: Uint8Array): string | null {
  for (const byte of bytes) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c) return null;
  }
  try {
    // `stream`: a character cut by the limit is left out instead of making the whole head "not text".
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}
