import { blank, characterClasses, digit, joint, letter } from "./characters.ts";
import { type Token, tokens } from "./lexer.ts";

const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const plus = 0x2b;
const equalsSign = 0x3d;
const underscore = 0x5f;

/** Tokens of one character that begin no longer one. */
const singles = new Uint8Array(256);
for (const [c, token] of [
  ["{", tokens.openBrace],
  ["}", tokens.closeBrace],
  ["[", tokens.openBracket],
  ["]", tokens.closeBracket],
  [")", tokens.closeParen],
  ["&", tokens.and],
  ["|", tokens.or],
  ["?", tokens.pfxop],
] as const)
  singles[c.charCodeAt(0)] = token;

/** Of the escapes of one character. */
const escapes = new Uint8Array(256);
for (const c of "\\\"' ntbr\n") escapes[c.charCodeAt(0)] = 1;

/** Thrown, always the same, by whoever leaves a file to the parser. */
export const unsure: Error = new Error("not in the usual spelling");

/**
 * Reads the tokens that `Lexer` reads, from bytes and with less ado: it knows the usual spelling of each, and throws `unsure` at any
 * other and at what is no token.
 */
export class ByteLexer {
  bytes: Uint8Array = new Uint8Array(0);
  /** The token that was read last, and its place in the bytes. */
  token: Token = tokens.end;
  start = 0;
  end = 0;

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.end = 0;
  }

  /** Whether the token that was read last is that text. */
  is(text: string): boolean {
    return this.stands(text, this.start, this.end);
  }

  /** Whether those bytes are that text. */
  stands(name: string, from: number, to: number): boolean {
    if (to - from !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.bytes[from + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  /** Whether the value of the string literal that was read last is what stands between its quotes. */
  isVerbatim(): boolean {
    const { bytes, start, end } = this;
    if (end - start > 3 && bytes[start + 1] === quote) return false;
    for (let i = start + 1; i < end - 1; i++) if (bytes[i] === backslash || bytes[i] === carriageReturn) return false;
    return true;
  }

  /** Reads the next token. Throws `unsure`. */
  next(): void {
    const bytes = this.bytes;
    const length = bytes.length;
    let at = this.end;
    for (; at < length; at++) {
      const c = bytes[at]!;
      if (characterClasses[c] === blank) continue;
      if (c !== 0x23) break;
      at = bytes.indexOf(newline, at);
      if (at < 0) at = length;
    }
    this.start = at;
    this.end = at;
    if (at >= length) {
      this.token = tokens.end;
      return;
    }
    const c = bytes[at]!;
    const kind = characterClasses[c]!;
    if (c === quote) this.#readString();
    else if (kind === letter || this.#isOwnVariable(at)) this.#readWord();
    else if (singles[c] !== 0) this.#found(singles[c] as Token, at + 1);
    else if (kind === digit) this.#readDigits();
    else this.#readOperator(c, at + 1 < length ? bytes[at + 1]! : 0);
  }

  #found(token: Token, end: number): void {
    this.token = token;
    this.end = end;
  }

  #readOperator(c: number, second: number): void {
    const start = this.start;
    const equals = second === equalsSign;
    if (c === colon) this.#found(equals ? tokens.envop : tokens.colon, equals ? start + 2 : start + 1);
    // `(*` begins a comment.
    else if (c === 0x28 && second !== 0x2a) this.#found(tokens.openParen, start + 1);
    // `<`, `>`, `!`
    else if (c === 0x3c || c === 0x3e) this.#found(tokens.relop, equals ? start + 2 : start + 1);
    else if (c === 0x21) this.#found(equals ? tokens.relop : tokens.pfxop, equals ? start + 2 : start + 1);
    else if (c === plus && equals) this.#found(tokens.envop, start + 2);
    else if (c === equalsSign && second === colon) this.#found(tokens.envop, start + 2);
    else if (c === equalsSign && second === plus) {
      this.#found(tokens.envop, this.bytes[start + 2] === equalsSign ? start + 3 : start + 2);
    } else if (c === equalsSign) this.#found(tokens.relop, start + 1);
    else throw unsure;
  }

  #readString(): void {
    const { bytes, start } = this;
    const length = bytes.length;
    const triple = this.#isTriple(start);
    for (let i = triple ? start + 3 : start + 1; i < length; i++) {
      const c = bytes[i]!;
      if (c === quote) {
        if (triple && !this.#isTriple(i)) continue;
        this.#found(tokens.string, triple ? i + 3 : i + 1);
        return;
      }
      if (c === backslash && (++i >= length || escapes[bytes[i]!] === 0)) throw unsure;
    }
    throw unsure;
  }

  #isTriple(at: number): boolean {
    const { bytes } = this;
    return at + 2 < bytes.length && bytes[at + 1] === quote && bytes[at + 2] === quote;
  }

  /** `_:name`: a variable of the package itself. */
  #isOwnVariable(at: number): boolean {
    const { bytes } = this;
    if (bytes[at] !== underscore || at + 2 >= bytes.length) return false;
    return bytes[at + 1] === colon && characterClasses[bytes[at + 2]!] === letter;
  }

  #readWord(): void {
    const bytes = this.bytes;
    const length = bytes.length;
    let end = this.start + 1;
    for (let colons = 0; ; end++) {
      const c = end < length ? bytes[end]! : 0;
      if ((characterClasses[c]! & (letter | digit | joint)) !== 0) continue;
      if (c === plus) throw unsure;
      // A variable of a package, if a word follows; a colon at its end is not part of it.
      if (c !== colon || colons++ > 0) break;
      const next = end + 1 < length ? characterClasses[bytes[end + 1]!]! : 0;
      if ((next & (digit | joint)) !== 0) throw unsure;
      if (next !== letter) break;
    }
    const start = this.start;
    const bool = this.stands("true", start, end) || this.stands("false", start, end);
    this.#found(bool ? tokens.bool : tokens.ident, end);
  }

  #readDigits(): void {
    const bytes = this.bytes;
    let end = this.start + 1;
    while (end < bytes.length && characterClasses[bytes[end]!] === digit) end++;
    const c = end < bytes.length ? bytes[end]! : 0;
    if ((characterClasses[c]! & (letter | joint)) !== 0 || c === plus || c === 0x3a || end - this.start > 15)
      throw unsure;
    this.#found(tokens.int, end);
  }
}
