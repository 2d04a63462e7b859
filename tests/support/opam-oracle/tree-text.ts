import type { Item, Value } from "../../../src/core/opam/syntax-tree.ts";

/** The tree as opam_oracle.ml prints it: without places, on one line. */
export function treeText(items: readonly Item[]): string {
  return node("file", items.map(itemText));
}

function node(name: string, parts: readonly string[]): string {
  return `(${[name, ...parts].join(" ")})`;
}

function itemText(item: Item): string {
  if (item.kind === "field") return node("field", [item.name, valueText(item.value)]);
  const label = item.label === null ? [] : [quoted(item.label)];
  return node("section", [item.name, ...label, ...item.items.map(itemText)]);
}

function valueText(value: Value): string {
  switch (value.kind) {
    case "bool":
    case "int":
      return node(value.kind, [String(value.value)]);
    case "string":
      return node("string", [quoted(value.value)]);
    case "ident":
      return node("ident", [value.name]);
    case "list":
    case "group":
      return node(value.kind, value.items.map(valueText));
    case "option":
      return node("option", [valueText(value.value), ...value.options.map(valueText)]);
    case "relation":
    case "logical":
    case "update":
      return node(value.kind, [value.operator, valueText(value.left), valueText(value.right)]);
    case "constraint":
    case "prefix":
      return node(value.kind, [value.operator, valueText(value.right)]);
  }
}

function quoted(text: string): string {
  let out = "";
  for (const byte of new TextEncoder().encode(text)) {
    const c = String.fromCharCode(byte);
    out += c === '"' || c === "\\" || c < " " || c > "~" ? `\\${String(byte).padStart(3, "0")}` : c;
  }
  return `"${out}"`;
}
