/** pkt-line framing (Git documentation, gitprotocol-common, "pkt-line Format"; the special packets of gitprotocol-v2). */

export type Packet =
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "flush" | "delim" | "response-end" };

const encoder = new TextEncoder();

export const flushPacket = "0000";
export const delimPacket = "0001";

/** One data packet with a line feed, as text. */
export function pktLine(text: string): string {
  return pktText(`${text}\n`);
}

/** One data packet with that text. */
export function pktText(text: string): string {
  const length = encoder.encode(text).length + 4;
  return `${length.toString(16).padStart(4, "0")}${text}`;
}

/** What is wrong with the stream; the caller makes it an error that names the remote. */
export class PktLineProblem extends Error {
  readonly truncated: boolean;

  constructor(reason: string, truncated: boolean) {
    super(reason);
    this.truncated = truncated;
  }
}

/** Cuts a stream of byte chunks into packets. A packet's bytes are a view of the chunk they came in. */
export class PktLineReader {
  readonly #next: () => Promise<Uint8Array | undefined>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** `next` yields the chunks, then `undefined`. */
  constructor(next: () => Promise<Uint8Array | undefined>) {
    this.#next = next;
  }

  /** The next packet, or null at the end of the stream. Throws PktLineProblem. */
  async read(): Promise<Packet | null> {
    const head = await this.#take(4, true);
    if (head === null) return null;
    let length = 0;
    for (const byte of head) {
      const digit =
        byte >= 48 && byte <= 57
          ? byte - 48
          : byte >= 97 && byte <= 102
            ? byte - 87
            : byte >= 65 && byte <= 70
              ? byte - 55
              : -1;
      if (digit < 0) throw new PktLineProblem("a packet's length is not hexadecimal", false);
      length = length * 16 + digit;
    }
    if (length === 0) return { type: "flush" };
    if (length === 1) return { type: "delim" };
    if (length === 2) return { type: "response-end" };
    if (length === 3) throw new PktLineProblem("a packet has the length 3", false);
    if (length > 65520) throw new PktLineProblem(`a packet has the length ${length}`, false);
    const bytes = await this.#take(length - 4, false);
    return { type: "data", bytes: bytes ?? new Uint8Array(0) };
  }

  async #take(length: number, mayEnd: boolean): Promise<Uint8Array | null> {
    if (this.#chunk.length - this.#at < length) {
      const parts: Uint8Array[] = [this.#chunk.subarray(this.#at)];
      let have = parts[0]!.length;
      while (have < length) {
        const chunk = await this.#next();
        if (chunk === undefined) {
          if (mayEnd && have === 0) return null;
          throw new PktLineProblem("the stream ends inside a packet", true);
        }
        parts.push(chunk);
        have += chunk.length;
      }
      // Usually one remainder and one chunk: copied once for each chunk the network delivers.
      if (parts[0]!.length === 0 && parts.length === 2) this.#chunk = parts[1]!;
      else {
        const joined = new Uint8Array(have);
        let at = 0;
        for (const part of parts) {
          joined.set(part, at);
          at += part.length;
        }
        this.#chunk = joined;
      }
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += length;
    return this.#chunk.subarray(from, this.#at);
  }
}

/** Text from a remote for people to read: one line, no control characters or terminal escapes, bounded. */
export function remoteText(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 2000));
  let plain = "";
  for (let at = 0; at < text.length && plain.length < 500; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x1b && text[at + 1] === "[") {
      for (at += 2; at < text.length && !isFinalByte(text.charCodeAt(at)); at++);
    } else plain += isInvisible(code) ? " " : text.charAt(at);
  }
  return plain.trim();
}

/** The byte that ends a control sequence (ECMA-48 §5.4). */
function isFinalByte(code: number): boolean {
  return code >= 0x40 && code <= 0x7e;
}

/** Control characters, line separators, and marks that turn the direction of text. */
function isInvisible(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    code === 0x2028 ||
    code === 0x2029 ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}
