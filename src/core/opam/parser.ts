import { Lexer, type Token, tokens } from "./lexer.ts";
import { checkOpamVersion } from "./opam-version.ts";
import { stringValue } from "./string-literal.ts";
import { SyntaxFault } from "./syntax-fault.ts";
import type { Item, LogicalOperator, RelationalOperator, UpdateOperator, Value } from "./syntax-tree.ts";

/** Brackets and prefix operators nested deeper than this are refused: the parser recurses once a level. */
const depthLimit = 100;
/**
 * So are trees higher than this: whoever walks one recurses once a level. Operands of `&` and `|` count as levels, since they
 * associate to the left.
 */
const heightLimit = 1000;

/**
 * The items of an opam file, by the grammar of opam's own parser: what it refuses is refused here with a SyntaxFault, and
 * so are trees that are too high. Linear in the length of the text.
 */
export function parseOpam(text: string): readonly Item[] {
  const items = new Parser(text).file();
  checkOpamVersion(text, items);
  return items;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of an opam file. What is not UTF-8 becomes U+FFFD: such characters have no meaning outside strings and comments. */
export function opamText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** One value alone. Throws SyntaxFault. */
export function parseValue(text: string): Value {
  return new Parser(text).onlyValue();
}

class Parser {
  readonly #text: string;
  readonly #lexer: Lexer;
  /** End of the token before the current one. */
  #last = 0;
  /** Levels above the current token, and levels of the value that was read last. */
  #depth = 0;
  #height = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lexer = new Lexer(text);
    this.#lexer.next();
  }

  file(): readonly Item[] {
    const items: Item[] = [];
    while (this.#token() !== tokens.end) items.push(this.#item());
    return items;
  }

  onlyValue(): Value {
    const value = this.#value();
    this.#expect(tokens.end, "the end");
    return value;
  }

  /** A call, not a property: the token changes between two looks at it. */
  #token(): Token {
    return this.#lexer.token;
  }

  #next(): void {
    this.#last = this.#lexer.end;
    this.#lexer.next();
  }

  #lexeme(): string {
    return this.#text.slice(this.#lexer.start, this.#lexer.end);
  }

  #expect(token: Token, what: string): void {
    if (this.#token() !== token) throw this.#fault(`${what} expected`);
    if (token !== tokens.end) this.#next();
  }

  #fault(reason: string): SyntaxFault {
    return new SyntaxFault(this.#text, this.#lexer.start, reason);
  }

  #item(): Item {
    const { start } = this.#lexer;
    if (this.#token() !== tokens.ident) throw this.#fault("the name of a field or section expected");
    const name = this.#lexeme();
    this.#next();
    if (this.#token() === tokens.colon) {
      this.#next();
      const value = this.#value();
      return { kind: "field", name, value, start, end: this.#last };
    }
    let label: string | null = null;
    if (this.#token() === tokens.string) {
      label = stringValue(this.#text, this.#lexer.start, this.#lexer.end);
      this.#next();
    }
    this.#expect(tokens.openBrace, label === null ? '":" or "{"' : '"{"');
    this.#deeper();
    const items: Item[] = [];
    while (this.#token() !== tokens.closeBrace) items.push(this.#item());
    this.#next();
    this.#depth--;
    return { kind: "section", name, label, items, start, end: this.#last };
  }

  #value(): Value {
    let left = this.#conjunction();
    while (this.#token() === tokens.or) {
      const height = this.#height;
      this.#next();
      left = this.#joined("|", left, height, this.#conjunction());
    }
    return left;
  }

  #conjunction(): Value {
    let left = this.#operand();
    while (this.#token() === tokens.and) {
      const height = this.#height;
      this.#next();
      left = this.#joined("&", left, height, this.#operand());
    }
    return left;
  }

  #joined(operator: LogicalOperator, left: Value, leftHeight: number, right: Value): Value {
    this.#rise(Math.max(leftHeight, this.#height));
    return { kind: "logical", operator, left, right, start: left.start, end: right.end };
  }

  /** A value with its prefix operators and options: `!` takes the options with it. */
  #operand(): Value {
    const { start } = this.#lexer;
    if (this.#token() === tokens.pfxop) {
      const operator = this.#lexeme() === "!" ? "!" : "?";
      this.#next();
      this.#deeper();
      const right = this.#operand();
      this.#depth--;
      this.#rise(this.#height);
      return { kind: "prefix", operator, right, start, end: right.end };
    }
    let value = this.#simple();
    while (this.#token() === tokens.openBrace) {
      const height = this.#height;
      const options = this.#list(tokens.closeBrace);
      this.#rise(Math.max(height, this.#height));
      value = { kind: "option", value, options, start, end: this.#last };
    }
    return value;
  }

  #simple(): Value {
    const { start } = this.#lexer;
    this.#height = 1;
    const token = this.#token();
    if (token === tokens.openBracket || token === tokens.openParen) {
      const list = token === tokens.openBracket;
      const items = this.#list(list ? tokens.closeBracket : tokens.closeParen);
      return { kind: list ? "list" : "group", items, start, end: this.#last };
    }
    if (token === tokens.relop) {
      const operator = this.#relop();
      const right = this.#atom();
      this.#height = 2;
      return { kind: "constraint", operator, right, start, end: right.end };
    }
    const left = this.#atom();
    if (this.#token() === tokens.relop) {
      const operator = this.#relop();
      const right = this.#atom();
      this.#height = 2;
      return { kind: "relation", operator, left, right, start, end: right.end };
    }
    if (this.#token() === tokens.envop) {
      const operator = this.#lexeme() as UpdateOperator;
      this.#next();
      const right = this.#atom();
      this.#height = 2;
      return { kind: "update", operator, left, right, start, end: right.end };
    }
    return left;
  }

  #relop(): RelationalOperator {
    const operator = this.#lexeme();
    this.#next();
    // opam-file-format reads `~` as `>=`.
    return operator === "~" ? ">=" : (operator as RelationalOperator);
  }

  #atom(): Value {
    const text = this.#text;
    const { start, end } = this.#lexer;
    const token = this.#token();
    if (token < tokens.ident || token > tokens.bool) throw this.#fault("a value expected");
    this.#next();
    if (token === tokens.string) return { kind: "string", value: stringValue(text, start, end), start, end };
    if (token === tokens.ident) return { kind: "ident", name: text.slice(start, end), start, end };
    if (token === tokens.bool) return { kind: "bool", value: end - start === 4, start, end };
    return { kind: "int", value: BigInt(text.slice(start, end).replaceAll("_", "")), start, end };
  }

  /** From the opening to the closing bracket. The height becomes that of the list. */
  #list(close: Token): readonly Value[] {
    this.#next();
    this.#deeper();
    const items: Value[] = [];
    let height = 0;
    while (this.#token() !== close) {
      items.push(this.#value());
      if (this.#height > height) height = this.#height;
    }
    this.#next();
    this.#depth--;
    this.#rise(height);
    return items;
  }

  #deeper(): void {
    if (++this.#depth > depthLimit) throw this.#fault(`values are nested deeper than ${depthLimit}`);
  }

  #rise(height: number): void {
    this.#height = height + 1;
    if (this.#depth + this.#height > heightLimit) throw this.#fault(`a value with more than ${heightLimit} levels`);
  }
}
