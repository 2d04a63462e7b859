/**
 * Tokens of the opam file syntax (opam manual, "General syntax"), over bytes: opam reads bytes, not characters.
 * Accepts and refuses what opam's own lexer does: longest match, no strings inside comments, unknown escapes are errors.
 */

export type TokenKind =
  | "ident"
  | "string"
  | "int"
  | "bool"
  | ":"
  | "{"
  | "}"
  | "["
  | "]"
  | "("
  | ")"
  | "relop"
  | "envop"
  | "pfxop"
  | "and"
  | "or"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Byte positions of the token's text, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Where and why a file is not in the opam format. `at` is a byte position, `line` counts from 1. */
export class SyntaxFault extends Error {
  override readonly name = "SyntaxFault";
  readonly at: number;
  readonly line: number;

  constructor(bytes: Uint8Array, at: number, reason: string) {
    let line = 1;
    for (let i = 0; i < at && i < bytes.length; i++) if (bytes[i] === newline) line++;
    super(`line ${line}: ${reason}`);
    this.at = at;
    this.line = line;
  }
}

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const plus = 0x2b;
const colon = 0x3a;
const equals = 0x3d;
const underscore = 0x5f;
const minus = 0x2d;
const star = 0x2a;

const singles = new Map<number, TokenKind>([
  [0x7b, "{"],
  [0x7d, "}"],
  [0x5b, "["],
  [0x5d, "]"],
  [0x28, "("],
  [0x29, ")"],
  [0x26, "and"],
  [0x7c, "or"],
  [0x3f, "pfxop"],
  [0x7e, "relop"],
]);

/** Reads one token after another; each call of `next` is linear in what it consumes. Throws SyntaxFault. */
export class Lexer {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  next(): Token {
    const bytes = this.bytes;
    this.#skipBlanks();
    const start = this.#at;
    const c = bytes[start];
    if (c === undefined) return { kind: "end", start, end: start };
    const word = this.#word(start);
    if (word !== null) return word;
    if (c === quote) {
      const triple = bytes[start + 1] === quote && bytes[start + 2] === quote;
      return this.#token("string", start, this.#endOfString(start + (triple ? 3 : 1), triple));
    }
    const second = bytes[start + 1];
    if (c === equals) {
      if (second !== plus && second !== colon) return this.#token("relop", start, start + 1);
      return this.#token("envop", start, bytes[start + 2] === equals ? start + 3 : start + 2);
    }
    if ((c === plus || c === colon) && second === equals) return this.#token("envop", start, start + 2);
    if (c === colon) return this.#token(":", start, start + 1);
    if (c === 0x3c || c === 0x3e) return this.#token("relop", start, second === equals ? start + 2 : start + 1);
    if (c === 0x21)
      return second === equals ? this.#token("relop", start, start + 2) : this.#token("pfxop", start, start + 1);
    const single = singles.get(c);
    if (single === undefined) throw new SyntaxFault(bytes, start, "a character that starts no token");
    return this.#token(single, start, start + 1);
  }

  #token(kind: TokenKind, start: number, end: number): Token {
    this.#at = end;
    return { kind, start, end };
  }

  #skipBlanks(): void {
    const bytes = this.bytes;
    for (;;) {
      const c = bytes[this.#at];
      if (c === 0x20 || c === 0x09 || c === 0x0d || c === newline) this.#at++;
      else if (c === 0x23) {
        while (this.#at < bytes.length && bytes[this.#at] !== newline) this.#at++;
      } else if (c === 0x28 && bytes[this.#at + 1] === star) this.#at = this.#endOfComment(this.#at);
      else return;
    }
  }

  #endOfComment(start: number): number {
    const bytes = this.bytes;
    let depth = 0;
    for (let i = start; i < bytes.length; i++) {
      if (bytes[i] === 0x28 && bytes[i + 1] === star) {
        depth++;
        i++;
      } else if (bytes[i] === star && bytes[i + 1] === 0x29) {
        depth--;
        i++;
        if (depth === 0) return i + 1;
      }
    }
    throw new SyntaxFault(bytes, start, "a comment that is never closed");
  }

  #endOfString(start: number, triple: boolean): number {
    const bytes = this.bytes;
    for (let i = start; i < bytes.length; i++) {
      const c = bytes[i];
      if (c === backslash) {
        const length = escapeLength(bytes, i);
        if (length === 0 && i + 1 < bytes.length) throw new SyntaxFault(bytes, i, "an unknown escape sequence");
        i += Math.max(1, length) - 1;
      } else if (c === quote && !triple) return i + 1;
      else if (c === quote && bytes[i + 1] === quote && bytes[i + 2] === quote) return i + 3;
    }
    throw new SyntaxFault(bytes, start, "a string that is never closed");
  }

  /** Integer, boolean or identifier: the longest that fits, an integer where both are as long. */
  #word(start: number): Token | null {
    const bytes = this.bytes;
    const identEnd = this.#identEnd(start);
    let intEnd = bytes[start] === minus ? start + 1 : start;
    const digits = intEnd;
    while (isDigit(bytes[intEnd]) || bytes[intEnd] === underscore) intEnd++;
    if (intEnd > digits && intEnd >= identEnd) {
      // OCaml's int_of_string, which opam applies: no leading underscore, 63 bits.
      const text = ascii(bytes, digits, intEnd).replaceAll("_", "");
      if (bytes[digits] === underscore || text.length > 40 || BigInt(text) >= 1n << 62n) {
        throw new SyntaxFault(bytes, start, "an invalid integer");
      }
      return this.#token("int", start, intEnd);
    }
    if (identEnd === start) return null;
    const length = identEnd - start;
    const bool = (length === 4 || length === 5) && /^(true|false)$/.test(ascii(bytes, start, identEnd));
    return this.#token(bool ? "bool" : "ident", start, identEnd);
  }

  #identEnd(start: number): number {
    const bytes = this.bytes;
    let end = this.#partEnd(start, true);
    if (end === start) return start;
    while (bytes[end] === plus) {
      const next = this.#partEnd(end + 1, true);
      if (next === end + 1) return end;
      end = next;
    }
    if (bytes[end] === colon) {
      const next = this.#partEnd(end + 1, false);
      if (next > end + 1) return next;
    }
    return end;
  }

  /** End of letters, digits, `_` and `-` with at least one letter among them, or of a lone `_`; `start` when there is none. */
  #partEnd(start: number, alone: boolean): number {
    const bytes = this.bytes;
    let letter = false;
    let end = start;
    for (; ; end++) {
      const c = bytes[end];
      if (isLetter(c)) letter = true;
      else if (!isDigit(c) && c !== underscore && c !== minus) break;
    }
    if (letter) return end;
    return alone && bytes[start] === underscore ? start + 1 : start;
  }
}

/** The value of a string token: quotes removed, escapes resolved, decoded as UTF-8 with replacement characters. */
export function stringValue(bytes: Uint8Array, token: Token): string {
  const triple = token.end - token.start >= 6 && bytes[token.start + 1] === quote && bytes[token.start + 2] === quote;
  const edge = triple ? 3 : 1;
  const end = token.end - edge;
  const out: number[] = [];
  for (let i = token.start + edge; i < end; ) {
    const c = bytes[i]!;
    if (c !== backslash) {
      out.push(c);
      i++;
      continue;
    }
    const length = escapeLength(bytes, i);
    const value = escapeValue(bytes, i, length);
    if (value !== null) out.push(value);
    i += Math.max(1, length);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(out));
}

const simpleEscapes = new Map<number, number>([
  [backslash, backslash],
  [quote, quote],
  [0x27, 0x27],
  [0x20, 0x20],
  [0x6e, newline],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x72, 0x0d],
]);

/** Bytes of the escape sequence that starts at `at`, or 0 when opam knows no such escape. */
function escapeLength(bytes: Uint8Array, at: number): number {
  const c = bytes[at + 1];
  if (c === undefined) return 0;
  if (simpleEscapes.has(c)) return 2;
  if (c === newline || (c === 0x0d && bytes[at + 2] === newline)) {
    let end = at + (c === newline ? 2 : 3);
    while (bytes[end] === 0x20 || bytes[end] === 0x09) end++;
    return end - at;
  }
  if (c === 0x78) return isHex(bytes[at + 2]) && isHex(bytes[at + 3]) ? 4 : 0;
  if (isDigit(c) && isDigit(bytes[at + 2]) && isDigit(bytes[at + 3])) {
    return Number.parseInt(ascii(bytes, at + 1, at + 4), 10) <= 255 ? 4 : 0;
  }
  return 0;
}

function escapeValue(bytes: Uint8Array, at: number, length: number): number | null {
  const c = bytes[at + 1]!;
  const simple = simpleEscapes.get(c);
  if (simple !== undefined) return simple;
  if (c === 0x78) return Number.parseInt(ascii(bytes, at + 2, at + 4), 16);
  if (isDigit(c) && length === 4) return Number.parseInt(ascii(bytes, at + 1, at + 4), 10);
  return null;
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}

function isLetter(c: number | undefined): boolean {
  return c !== undefined && ((c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a));
}

function isHex(c: number | undefined): boolean {
  return isDigit(c) || (c !== undefined && ((c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)));
}
