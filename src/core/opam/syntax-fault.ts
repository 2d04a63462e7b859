/** Where and why a text is not in the opam format. */
export class SyntaxFault extends Error {
  override readonly name = "SyntaxFault";
  /** Index into the text, in UTF-16 units. */
  readonly at: number;
  /** Both count from 1; columns are UTF-16 units. */
  readonly line: number;
  readonly column: number;

  constructor(text: string, at: number, reason: string) {
    let line = 1;
    let lineStart = 0;
    for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) {
      line++;
      lineStart = i + 1;
    }
    super(`line ${line}: ${reason}`);
    this.at = at;
    this.line = line;
    this.column = at - lineStart + 1;
  }
}
