/**
 * The tree of an opam file (opam manual, "General syntax"). `start` and `end` are places in the text it was parsed from, in
 * UTF-16 units, ends exclusive.
 */
interface Placed {
  readonly start: number;
  readonly end: number;
}

export type RelationalOperator = "=" | "!=" | ">=" | ">" | "<=" | "<";
export type LogicalOperator = "&" | "|";
export type PrefixOperator = "!" | "?";
export type UpdateOperator = "+=" | "=+" | ":=" | "=:" | "=+=";

export type Value = Placed &
  (
    | { readonly kind: "bool"; readonly value: boolean }
    | { readonly kind: "int"; readonly value: bigint }
    | { readonly kind: "string"; readonly value: string }
    | { readonly kind: "ident"; readonly name: string }
    | { readonly kind: "list" | "group"; readonly items: readonly Value[] }
    /** A value with its options: `value {options}`. */
    | { readonly kind: "option"; readonly value: Value; readonly options: readonly Value[] }
    | { readonly kind: "relation"; readonly operator: RelationalOperator; readonly left: Value; readonly right: Value }
    /** A relation without a left side, as in `"dune" {>= "3.0"}`. */
    | { readonly kind: "constraint"; readonly operator: RelationalOperator; readonly right: Value }
    | { readonly kind: "logical"; readonly operator: LogicalOperator; readonly left: Value; readonly right: Value }
    | { readonly kind: "prefix"; readonly operator: PrefixOperator; readonly right: Value }
    /** An update of an environment variable: `PATH += "bin"`. */
    | { readonly kind: "update"; readonly operator: UpdateOperator; readonly left: Value; readonly right: Value }
  );

export interface Field extends Placed {
  readonly kind: "field";
  readonly name: string;
  readonly value: Value;
}

/** `name "label" { items }`, for example `extra-source "fix.patch" { … }`. */
export interface Section extends Placed {
  readonly kind: "section";
  readonly name: string;
  readonly label: string | null;
  readonly items: readonly Item[];
}

export type Item = Field | Section;
