import { stringLiteral } from "./string-literal.ts";
import type { Item, Value } from "./syntax-tree.ts";

/** Values up to this length stay on one line. */
const lineLength = 78;

/** An opam file with these items (a tree as the parser makes them), in opam's own layout. Parsing it gives the same tree, places aside. */
export function printOpam(items: readonly Item[]): string {
  return printItems(items, "");
}

/** One value, over several lines where it is long. */
export function printValue(value: Value): string {
  return print(value, "");
}

function printItems(items: readonly Item[], indent: string): string {
  let text = "";
  for (const item of items) {
    text += `${indent}${item.name}`;
    if (item.kind === "field") text += `: ${print(item.value, indent)}\n`;
    else {
      const label = item.label === null ? "" : ` ${stringLiteral(item.label)}`;
      text += `${label} {\n${printItems(item.items, `${indent}  `)}${indent}}\n`;
    }
  }
  return text;
}

/** Linear: each value is tried once on one line, and given up as soon as it does not fit. */
function print(value: Value, indent: string): string {
  const line = new Line(lineLength - indent.length).value(value).text;
  if (line !== null) return line;
  switch (value.kind) {
    case "list":
      return broken("[", value.items, "]", indent);
    case "group":
      return broken("(", value.items, ")", indent);
    case "option":
      return printOptions(value, indent);
    case "logical":
      return printOperands(value, indent);
    case "relation":
    case "update":
      return `${print(value.left, indent)} ${value.operator} ${print(value.right, indent)}`;
    case "constraint":
      return `${value.operator} ${print(value.right, indent)}`;
    case "prefix":
      return prefix(value.operator, value.right) + print(value.right, indent);
    case "string":
      return stringLiteral(value.value);
    case "ident":
      return value.name;
    case "int":
    case "bool":
      return String(value.value);
  }
}

/** The whole left side at once: its parts are not tried on one line again and again. */
function printOperands(value: Value, indent: string): string {
  const rest: (readonly [operator: string, right: Value])[] = [];
  let first = value;
  for (; first.kind === "logical"; first = first.left) rest.push([first.operator, first.right]);
  let text = print(first, indent);
  for (const [operator, right] of rest.reverse()) text += ` ${operator}\n${indent}${print(right, indent)}`;
  return text;
}

function printOptions(value: Value, indent: string): string {
  const options: (readonly Value[])[] = [];
  let first = value;
  for (; first.kind === "option"; first = first.value) options.push(first.options);
  let text = print(first, indent);
  for (const values of options.reverse()) text += ` ${broken("{", values, "}", indent)}`;
  return text;
}

function broken(open: string, values: readonly Value[], close: string, indent: string): string {
  const inner = `${indent}  `;
  let text = `${open}\n`;
  for (const value of values) text += `${inner}${print(value, inner)}\n`;
  return `${text}${indent}${close}`;
}

/** A value on one line; `text` is null as soon as it is too long or needs several lines. */
class Line {
  text: string | null = "";
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  value(value: Value): this {
    switch (value.kind) {
      case "list":
        return this.#all("[", value.items, "]");
      case "group":
        return this.#all("(", value.items, ")");
      case "option":
        return this.value(value.value).#all(" {", value.options, "}");
      case "logical":
      case "relation":
      case "update":
        return this.value(value.left).#add(` ${value.operator} `).value(value.right);
      case "constraint":
        return this.#add(`${value.operator} `).value(value.right);
      case "prefix":
        return this.#add(prefix(value.operator, value.right)).value(value.right);
      case "string":
        return value.value.length > this.#length || value.value.includes("\n")
          ? this.#fail()
          : this.#add(stringLiteral(value.value));
      case "ident":
        return this.#add(value.name);
      case "int":
      case "bool":
        return this.#add(String(value.value));
    }
  }

  #all(open: string, values: readonly Value[], close: string): this {
    this.#add(open);
    for (let i = 0; i < values.length && this.text !== null; i++) {
      if (i > 0) this.#add(" ");
      this.value(values[i]!);
    }
    return this.#add(close);
  }

  #add(text: string): this {
    if (this.text === null) return this;
    this.text += text;
    return this.text.length > this.#length ? this.#fail() : this;
  }

  #fail(): this {
    this.text = null;
    return this;
  }
}

/** `! = x` would be read as `!= x` without the space. */
function prefix(operator: string, operand: Value): string {
  let first = operand;
  while (first.kind === "option") first = first.value;
  return first.kind === "constraint" ? `${operator} ` : operator;
}
