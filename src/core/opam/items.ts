import { Lexer, SyntaxFault, type Token, type TokenKind } from "./lexer.ts";

/** A field `name: value` at the top level of an opam file. Positions are byte positions, ends exclusive. */
export interface Field {
  readonly kind: "field";
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Tokens of the value, in order. */
  readonly value: readonly Token[];
}

/** A section `kind "name" { … }` at the top level. */
export interface Section {
  readonly kind: "section";
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export type Item = Field | Section;

/** Values and sections nested deeper than this are refused: the parser recurses once a level. */
const depthLimit = 100;

/**
 * The top-level items of an opam file, by the grammar of opam's own parser: what it refuses is refused here
 * (values beyond `depthLimit` as well), with a SyntaxFault.
 */
export function parseItems(bytes: Uint8Array): readonly Item[] {
  return new Parser(bytes).file();
}

class Parser {
  readonly #bytes: Uint8Array;
  readonly #lexer: Lexer;
  #token: Token;
  #last = 0;
  #taken: Token[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#lexer = new Lexer(bytes);
    this.#token = this.#lexer.next();
  }

  file(): readonly Item[] {
    const items: Item[] = [];
    while (this.#kind() !== "end") items.push(this.#item(0));
    return items;
  }

  #take(): Token {
    const token = this.#token;
    this.#taken.push(token);
    this.#last = token.end;
    this.#token = this.#lexer.next();
    return token;
  }

  /** A call, not a property: the token changes between two looks at it. */
  #kind(): TokenKind {
    return this.#token.kind;
  }

  #expect(kind: TokenKind): Token {
    if (this.#kind() !== kind) throw this.#fault(`"${kind}" expected`);
    return this.#take();
  }

  #fault(reason: string): SyntaxFault {
    return new SyntaxFault(this.#bytes, this.#token.start, reason);
  }

  #item(depth: number): Item {
    this.#deeper(depth);
    const name = this.#expect("ident");
    const text = new TextDecoder().decode(this.#bytes.subarray(name.start, name.end));
    if (this.#kind() === ":") {
      this.#take();
      this.#taken = [];
      this.#value(depth + 1);
      const value = this.#taken;
      this.#taken = [];
      return { kind: "field", name: text, start: name.start, end: this.#last, value };
    }
    if (this.#kind() === "string") this.#take();
    this.#expect("{");
    while (this.#kind() !== "}") this.#item(depth + 1);
    this.#take();
    return { kind: "section", name: text, start: name.start, end: this.#last };
  }

  /** One value with its options and the values joined to it by `&` and `|`. */
  #value(depth: number): void {
    this.#deeper(depth);
    for (;;) {
      this.#operand(depth);
      while (this.#kind() === "{") this.#list("}", depth);
      if (this.#kind() !== "and" && this.#kind() !== "or") return;
      this.#take();
    }
  }

  #operand(depth: number): void {
    while (this.#kind() === "pfxop") this.#take();
    const kind = this.#kind();
    if (kind === "(") this.#list(")", depth);
    else if (kind === "[") this.#list("]", depth);
    else if (kind === "relop") {
      this.#take();
      this.#atom();
    } else {
      this.#atom();
      if (this.#kind() === "relop" || this.#kind() === "envop") {
        this.#take();
        this.#atom();
      }
    }
  }

  #atom(): void {
    const kind = this.#kind();
    if (kind !== "ident" && kind !== "string" && kind !== "int" && kind !== "bool")
      throw this.#fault("a value expected");
    this.#take();
  }

  #list(close: "}" | "]" | ")", depth: number): void {
    this.#take();
    while (this.#kind() !== close) this.#value(depth + 1);
    this.#take();
  }

  #deeper(depth: number): void {
    if (depth > depthLimit) throw this.#fault(`values are nested deeper than ${depthLimit}`);
  }
}
