import { shortText } from "../short-text.ts";
import { ByteLexer, unsure } from "./byte-lexer.ts";
import { type Token, tokens } from "./lexer.ts";
import { type PackageSources, packageSources, type Source, sourceOf } from "./package-sources.ts";
import { opamText, parseOpam } from "./parser.ts";

/** Below what the parser allows, also together: sections, lists and prefix operators are counted apart here. */
const depthLimit = 25;
const levelLimit = 500;

/** What may come next in a value: before the last two, something has to come. */
const expects = {
  /** An operand. */
  operand: 0,
  /** One, or the end of the list. */
  element: 1,
  /** The right side of a relation. */
  atom: 2,
  /** An operator and a right side, or what may follow `more`. */
  relation: 3,
  /** Options, `&`, `|`, another element, or the end. */
  more: 4,
} as const;

/** Fields of a section that name a source. */
const fieldNames: readonly string[] = ["src", "checksum", "mirrors", "archive", "http", "git", "hg", "darcs", "local"];
const sectionStrings = 64;

/**
 * Reads what `packageSources(parseOpam(…))` does, from the bytes and without a tree: an index of all package files reads megabytes. It
 * knows the grammar, and only the usual spelling of it: what is refused, and all that is written in an unusual way, is left to the parser.
 */
export class SourceScanner {
  readonly #lexer: ByteLexer = new ByteLexer();
  #depth = 0;
  #bools = 0;
  /** Tokens that close the lists, groups and options around. */
  readonly #closing: Uint8Array = new Uint8Array(depthLimit + 1);
  /** From and to of the strings of a section. */
  readonly #notes: Int32Array = new Int32Array(2 * sectionStrings);
  #noted = 0;
  /** For each of `fieldNames` the first of its notes, -1 where there is none, and where they end. */
  readonly #firsts: Int32Array = new Int32Array(fieldNames.length);
  readonly #ends: Int32Array = new Int32Array(fieldNames.length);

  /** The sources of an opam file. Throws SyntaxFault for what is none. */
  read(bytes: Uint8Array): PackageSources {
    return this.scan(bytes) ?? packageSources(parseOpam(opamText(bytes)));
  }

  /** Null when the parser has to decide. */
  scan(bytes: Uint8Array): PackageSources | null {
    this.#lexer.open(bytes);
    this.#depth = 0;
    try {
      return this.#file();
    } catch (thrown) {
      if (thrown !== unsure) throw thrown;
      return null;
    }
  }

  #file(): PackageSources {
    const sources: Source[] = [];
    let available: boolean | null = null;
    this.#lexer.next();
    for (let items = 0, versions = 0; this.#lexer.token !== tokens.end; items++) {
      const from = this.#lexer.start;
      const to = this.#lexer.end;
      this.#take(tokens.ident);
      if (this.#now() !== tokens.colon) {
        if (this.#lexer.stands("url", from, to)) sources.push(this.#source("url"));
        else if (this.#lexer.stands("extra-source", from, to)) sources.push(this.#source("extra-source"));
        else this.#section();
        continue;
      }
      this.#lexer.next();
      // Checksums of other files are the parser's matter, and so is an opam-version that has to come first.
      if (this.#lexer.stands("extra-files", from, to)) throw unsure;
      if (this.#lexer.stands("opam-version", from, to)) {
        if (items > 0 && (versions > 0 || !this.#isOldVersion())) throw unsure;
        versions++;
      }
      if (available === null && this.#lexer.stands("available", from, to)) available = this.#available();
      else this.#value();
    }
    return { sources, available: available ?? true, extraFiles: [] };
  }

  /** Behind the name of a section. */
  #section(): void {
    this.#noted = 0;
    this.#label();
    while (this.#now() !== tokens.closeBrace) {
      this.#take(tokens.ident);
      if (this.#now() === tokens.colon) {
        this.#lexer.next();
        this.#value();
      } else this.#section();
    }
    this.#lexer.next();
    this.#depth--;
  }

  /** Label and opening brace: true when there is a label. */
  #label(): boolean {
    const labelled = this.#lexer.token === tokens.string;
    if (labelled) {
      this.#noteString();
      this.#lexer.next();
    }
    this.#take(tokens.openBrace);
    this.#deeper();
    return labelled;
  }

  /** Behind the name of a section that names a source: notes where its strings are, and reads them all at once. */
  #source(section: Source["section"]): Source {
    const from = this.#lexer.start;
    this.#noted = 0;
    const labelled = this.#label();
    const firsts = this.#firsts.fill(-1);
    const ends = this.#ends;
    while (this.#now() !== tokens.closeBrace) {
      const field = this.#fieldNumber();
      this.#take(tokens.ident);
      this.#take(tokens.colon);
      const first = this.#noted;
      this.#noteStrings();
      if (field < 0 || firsts[field]! >= 0) continue;
      firsts[field] = first;
      ends[field] = this.#noted;
    }
    const text = shortText(this.#lexer.bytes, from, this.#lexer.end);
    // Places in bytes are places in the text where all is ASCII.
    if (text.length !== this.#lexer.end - from) throw unsure;
    this.#lexer.next();
    this.#depth--;
    const string = (note: number) => text.slice(this.#notes[2 * note]! - from, this.#notes[2 * note + 1]! - from);
    return sourceOf(section, labelled ? string(0) : null, (name) => {
      const field = fieldNames.indexOf(name);
      const strings: string[] = [];
      for (let note = firsts[field]!; note >= 0 && note < ends[field]!; note++) strings.push(string(note));
      return strings;
    });
  }

  /** Of the current token in `fieldNames`, or -1. */
  #fieldNumber(): number {
    for (let i = 0; i < fieldNames.length; i++) if (this.#lexer.is(fieldNames[i]!)) return i;
    return -1;
  }

  /** A field with one string, or a list of some. */
  #noteStrings(): void {
    if (this.#lexer.token === tokens.string) {
      this.#noteString();
      this.#lexer.next();
    } else {
      this.#take(tokens.openBracket);
      while (this.#now() === tokens.string) {
        this.#noteString();
        this.#lexer.next();
      }
      this.#take(tokens.closeBracket);
    }
    // Anything else goes on with the value.
    if (this.#now() !== tokens.ident && this.#now() !== tokens.closeBrace) throw unsure;
  }

  /** The literal that was read last. */
  #noteString(): void {
    if (!this.#lexer.isVerbatim() || 2 * this.#noted === this.#notes.length) throw unsure;
    this.#notes[2 * this.#noted] = this.#lexer.start + 1;
    this.#notes[2 * this.#noted++ + 1] = this.#lexer.end - 1;
  }

  /** The current token is one of the versions that may stand anywhere. */
  #isOldVersion(): boolean {
    return this.#lexer.is('"2.0"') || this.#lexer.is('"1.2"');
  }

  #available(): boolean {
    if (this.#lexer.is("false")) {
      this.#lexer.next();
      if (this.#now() !== tokens.ident && this.#now() !== tokens.end) throw unsure;
      return false;
    }
    this.#bools = 0;
    this.#value();
    // One in brackets, for instance, which the parser knows to read.
    if (this.#bools > 0) throw unsure;
    return true;
  }

  /** Reads up to what does not go on with the value. One loop, no function for each rule: what is called most is compiled soon. */
  #value(): void {
    const lexer = this.#lexer;
    const closing = this.#closing;
    let depth = 0;
    let prefixes = 0;
    let levels = 0;
    let expected: number = expects.operand;
    for (; ; lexer.next()) {
      const { token } = lexer;
      if (levels > levelLimit || depth === depthLimit || prefixes === depthLimit) throw unsure;
      if (expected >= expects.relation) {
        levels++;
        if (token === tokens.and || token === tokens.or) {
          expected = expects.operand;
          continue;
        }
        if (token === tokens.openBrace) {
          closing[++depth] = tokens.closeBrace;
          expected = expects.element;
          continue;
        }
        if (expected === expects.relation && (token === tokens.relop || token === tokens.envop)) {
          expected = expects.atom;
          continue;
        }
        if (depth === 0) return;
        expected = expects.element;
        levels--;
      }
      if (token >= tokens.ident && token <= tokens.bool) {
        if (token === tokens.bool) this.#bools++;
        expected = expected === expects.atom ? expects.more : expects.relation;
      } else if (expected === expects.atom) throw unsure;
      else if (expected === expects.element && token === closing[depth]) {
        depth--;
        expected = expects.more;
      } else {
        levels++;
        if (token === tokens.relop) expected = expects.atom;
        else if (token === tokens.pfxop) {
          prefixes++;
          expected = expects.operand;
        } else if (token === tokens.openBracket || token === tokens.openParen) {
          closing[++depth] = token === tokens.openBracket ? tokens.closeBracket : tokens.closeParen;
          expected = expects.element;
        } else throw unsure;
      }
    }
  }

  #deeper(): void {
    if (++this.#depth > depthLimit) throw unsure;
  }

  /** A call, not a property: the token changes between two looks at it. */
  #now(): Token {
    return this.#lexer.token;
  }

  #take(token: Token): void {
    if (this.#lexer.token !== token) throw unsure;
    this.#lexer.next();
  }
}
