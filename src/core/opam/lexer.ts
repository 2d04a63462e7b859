import { blank, characterClasses, digit, joint, letter } from "./characters.ts";
import { endOfString } from "./string-literal.ts";
import { SyntaxFault } from "./syntax-fault.ts";

/**
 * Tokens of the opam file syntax (opam manual, "General syntax"). Accepts and refuses what opam's own lexer does:
 * longest match, no strings inside comments, unknown escapes are errors.
 */
export const tokens = {
  end: 0,
  ident: 1,
  string: 2,
  int: 3,
  bool: 4,
  colon: 5,
  openBrace: 6,
  closeBrace: 7,
  openBracket: 8,
  closeBracket: 9,
  openParen: 10,
  closeParen: 11,
  relop: 12,
  envop: 13,
  pfxop: 14,
  and: 15,
  or: 16,
} as const;

export type Token = (typeof tokens)[keyof typeof tokens];

const singles = new Uint8Array(128);
for (const [c, token] of [
  ["{", tokens.openBrace],
  ["}", tokens.closeBrace],
  ["[", tokens.openBracket],
  ["]", tokens.closeBracket],
  ["(", tokens.openParen],
  [")", tokens.closeParen],
  ["&", tokens.and],
  ["|", tokens.or],
  ["?", tokens.pfxop],
  ["~", tokens.relop],
] as const)
  singles[c.charCodeAt(0)] = token;

const quote = 0x22;
const plus = 0x2b;
const colon = 0x3a;
const equals = 0x3d;
const underscore = 0x5f;
const minus = 0x2d;
const star = 0x2a;
const openParen = 0x28;

/** Reads one token after another; each call of `next` is linear in what it consumes. Throws SyntaxFault. */
export class Lexer {
  readonly text: string;
  /** The token that was read last, and its place: `text.slice(start, end)`. */
  token: Token = tokens.end;
  start = 0;
  end = 0;

  constructor(text: string) {
    this.text = text;
  }

  next(): void {
    this.start = this.#skipBlanks(this.end);
    this.token = this.#read(this.start);
  }

  /** Sets `end`. */
  #read(start: number): Token {
    const { text } = this;
    if (start >= text.length) return this.#take(tokens.end, text.length);
    const c = text.charCodeAt(start);
    if (c < 128 && (characterClasses[c]! & (letter | digit | joint)) !== 0) {
      const word = this.#word(start, c);
      if (word !== null) return word;
    }
    if (c === quote) return this.#take(tokens.string, endOfString(text, start));
    const single = c < 128 ? singles[c]! : 0;
    if (single !== 0) return this.#take(single as Token, start + 1);
    const second = text.charCodeAt(start + 1);
    switch (c) {
      case equals:
        if (second !== plus && second !== colon) return this.#take(tokens.relop, start + 1);
        // `=+=` exists, `=:=` does not.
        return this.#take(
          tokens.envop,
          second === plus && text.charCodeAt(start + 2) === equals ? start + 3 : start + 2,
        );
      case colon:
        return second === equals ? this.#take(tokens.envop, start + 2) : this.#take(tokens.colon, start + 1);
      case plus:
        if (second === equals) return this.#take(tokens.envop, start + 2);
        break;
      case 0x3c: // <
      case 0x3e: // >
        return this.#take(tokens.relop, second === equals ? start + 2 : start + 1);
      case 0x21: // !
        return second === equals ? this.#take(tokens.relop, start + 2) : this.#take(tokens.pfxop, start + 1);
    }
    throw new SyntaxFault(text, start, "a character that starts no token");
  }

  #take(token: Token, end: number): Token {
    this.end = end;
    return token;
  }

  #skipBlanks(from: number): number {
    const { text } = this;
    let at = from;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c < 128 && characterClasses[c] === blank) at++;
      else if (c === 0x23) {
        at = text.indexOf("\n", at);
        if (at < 0) return text.length;
      } else if (c === openParen && text.charCodeAt(at + 1) === star) at = this.#endOfComment(at);
      else return at;
    }
  }

  #endOfComment(start: number): number {
    const { text } = this;
    let depth = 0;
    for (let i = start; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === openParen && text.charCodeAt(i + 1) === star) {
        depth++;
        i++;
      } else if (c === star && text.charCodeAt(i + 1) === 0x29) {
        depth--;
        i++;
        if (depth === 0) return i + 1;
      }
    }
    throw new SyntaxFault(text, start, "a comment that is never closed");
  }

  /** Integer, boolean or identifier: the longest that fits, an integer where both are as long. */
  #word(start: number, first: number): Token | null {
    const { text } = this;
    const identEnd = this.#identEnd(start);
    if (characterClasses[first] !== letter) {
      let intEnd = first === minus ? start + 1 : start;
      const digits = intEnd;
      for (; ; intEnd++) {
        const c = text.charCodeAt(intEnd);
        if (!(c < 128) || (characterClasses[c] !== digit && c !== underscore)) break;
      }
      if (intEnd > digits && intEnd >= identEnd) {
        checkInteger(text, start, text.slice(digits, intEnd));
        return this.#take(tokens.int, intEnd);
      }
    }
    if (identEnd === start) return null;
    const length = identEnd - start;
    const bool = (length === 4 && text.startsWith("true", start)) || (length === 5 && text.startsWith("false", start));
    return this.#take(bool ? tokens.bool : tokens.ident, identEnd);
  }

  #identEnd(start: number): number {
    const { text } = this;
    let end = this.#partEnd(start, true);
    if (end === start) return start;
    while (text.charCodeAt(end) === plus) {
      const next = this.#partEnd(end + 1, true);
      if (next === end + 1) return end;
      end = next;
    }
    if (text.charCodeAt(end) === colon) {
      const next = this.#partEnd(end + 1, false);
      if (next > end + 1) return next;
    }
    return end;
  }

  /** End of letters, digits, `_` and `-` with at least one letter among them, or of a lone `_`; `start` when there is none. */
  #partEnd(start: number, alone: boolean): number {
    const { text } = this;
    let seen = 0;
    let end = start;
    for (; ; end++) {
      const c = text.charCodeAt(end);
      // NaN beyond the end compares false.
      if (!(c < 128)) break;
      const kind = characterClasses[c]!;
      if ((kind & (letter | digit | joint)) === 0) break;
      seen |= kind;
    }
    if ((seen & letter) !== 0) return end;
    return alone && text.charCodeAt(start) === underscore ? start + 1 : start;
  }
}

/** OCaml's int_of_string, which opam applies: no leading underscore, 63 bits. */
function checkInteger(text: string, at: number, digits: string): void {
  const plain = digits.replaceAll("_", "");
  if (digits.startsWith("_") || plain.length > 40 || BigInt(plain) >= 1n << 62n) {
    throw new SyntaxFault(text, at, "an invalid integer");
  }
}
