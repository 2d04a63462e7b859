// Which folder may import which, and what a folder may not touch (docs/architecture.md). `node scripts/check-imports.mjs`
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const anyHost = ["core", "protocol", "platform", "store"];

/** What a layer may import besides itself, and the packages that are its business alone. */
const layers = {
  core: { imports: [], packages: [] },
  protocol: { imports: ["core"], packages: [], typesOnly: true },
  platform: { imports: ["core"], packages: ["hash-wasm", "buffer"] },
  store: { imports: anyHost, packages: ["idb", "isomorphic-git", "@isomorphic-git/lightning-fs", "hash-wasm"] },
  sync: { imports: anyHost, packages: ["isomorphic-git", "hash-wasm"] },
  serve: { imports: anyHost, packages: ["hash-wasm"] },
  worker: { imports: [...anyHost, "sync", "serve"], packages: ["comlink"] },
  sw: { imports: [...anyHost, "sync", "serve", "worker"], packages: ["comlink"] },
  client: { imports: [...anyHost, "sync", "serve", "worker"], packages: ["workbox-window"] },
  dashboard: { imports: [...anyHost, "client"], packages: ["preact", "@preact/signals"] },
  // The gateway builds the demo repository, and the demo uses its Git command: no cycle of files, one of layers.
  demo: { imports: [...anyHost, "gateway"], packages: [], node: true },
  gateway: {
    imports: [...anyHost, "sync", "serve", "worker", "demo"],
    packages: ["hono", "@hono/node-server"],
    node: true,
  },
  cli: { imports: [...anyHost, "gateway", "demo"], packages: [], node: true },
};

/** Stores that live on Node's files. */
const nodeFiles = /^src\/store\/files(-[a-z-]+)?\.ts$/;
const packageEntry = "src/client/mirror.ts";
const entryLines = 100;
const timers = new Set(
  "setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask requestIdleCallback requestAnimationFrame MessageChannel scheduler".split(
    " ",
  ),
);
const globalObjects = new Set(["globalThis", "self", "window"]);

/**
 * Checks sources that are given by path ("src/core/x.ts") and text, as if nothing else existed.
 * @param {ReadonlyMap<string, string>} sources
 * @returns {string[]} one line for each violation, in the order of the paths; empty when all is well
 */
export function checkSources(sources) {
  const found = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const path of [...sources.keys()].sort()) {
    const text = sources.get(path) ?? "";
    const file = ts.createSourceFile(
      path,
      text,
      ts.ScriptTarget.ES2023,
      true,
      path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
    );
    const layer = layerOf(path);
    const report = (node, sentence) =>
      found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}: ${sentence}`);
    if (!(layer in layers)) {
      found.push(`${path}: the folder ${layer} is no layer that scripts/check-imports.mjs knows`);
      continue;
    }
    graph.set(path, []);
    for (const { node, specifier, typeOnly } of importsOf(file)) {
      const target = targetOf(path, specifier);
      if (target === null) checkPackage(path, layer, specifier, (sentence) => report(node, sentence));
      else checkEdge(path, layer, target, typeOnly, (sentence) => report(node, sentence));
      if (target !== null && !isTestOrStyle(target)) graph.get(path)?.push(target);
    }
    checkGlobals(file, layer, report);
    if (path !== packageEntry && isBarrel(file))
      found.push(`${path}: only passes on what other files export; import those directly`);
    if (layer === "sw" && !path.endsWith(".d.ts") && text.trimEnd().split("\n").length > entryLines)
      found.push(
        `${path}: a file of the service worker's entry has at most ${entryLines} lines; decisions belong to src/serve`,
      );
  }
  return [...found, ...cycles(graph)];
}

function layerOf(path) {
  const parts = path.split("/");
  return parts[0] === "src" ? (parts[1] ?? "") : (parts[0] ?? "");
}

/** A path inside the project, or null for a package. */
function targetOf(path, specifier) {
  return specifier.startsWith(".")
    ? posix.normalize(posix.join(posix.dirname(path), specifier)).replace(/\?.*$/, "")
    : null;
}

function isTestOrStyle(target) {
  return !/\.tsx?$/.test(target);
}

function checkEdge(_path, layer, target, typeOnly, report) {
  const to = layerOf(target);
  if (to === layer) return;
  if (target.startsWith("..") || !(to in layers))
    return isTestOrStyle(target) ? undefined : report(`imports ${target}, outside of src and sw`);
  if (!layers[layer].imports.includes(to)) report(`${layer} must not import ${to} (${target})`);
  else if (layers[layer].typesOnly && !typeOnly) report(`${layer} may import types only (${target})`);
}

function checkPackage(path, layer, specifier, report) {
  if (specifier.startsWith("node:")) {
    if (!layers[layer].node && !nodeFiles.test(path)) report(`${layer} must run without Node (${specifier})`);
    return;
  }
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (name.startsWith("virtual:")) return;
  if (!layers[layer].packages.includes(name)) report(`${layer} must not use the package ${name}`);
}

/** Imports and exports of all kinds: static, dynamic, in types, and `new URL("./x.ts", import.meta.url)`. */
function importsOf(file) {
  const found = [];
  const add = (node, literal, typeOnly) => {
    if (literal && ts.isStringLiteralLike(literal)) found.push({ node, specifier: literal.text, typeOnly });
  };
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeOnlyImport(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0], false);
    else if (
      ts.isNewExpression(node) &&
      node.expression.getText(file) === "URL" &&
      node.arguments?.[1]?.getText(file) === "import.meta.url"
    ) {
      if (ts.isStringLiteralLike(node.arguments[0]) && /\.tsx?$/.test(node.arguments[0].text))
        add(node, node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isTypeOnlyImport(clause) {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const { name, namedBindings } = clause;
  return (
    !name &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

/** Timers belong to platform, and core has no clock, no chance and no global that universal.d.ts does not declare. */
function checkGlobals(file, layer, report) {
  const onNode = layers[layer].node || nodeFiles.test(file.fileName);
  const pure = layer === "core" && !file.fileName.endsWith("universal.d.ts");
  const visit = (node) => {
    if (ts.isIdentifier(node) && isGlobalUse(node)) {
      if (timers.has(node.text) && layer !== "platform" && !onNode)
        report(node, `${node.text} belongs to src/platform; take a Slice or a Clock`);
      if (pure && globalObjects.has(node.text)) report(node, `core must not reach for ${node.text}`);
    }
    if (pure && ts.isCallExpression(node) && /^(Date\.now|Math\.random)$/.test(node.expression.getText(file)))
      report(node, `core must not call ${node.expression.getText(file)}`);
    if (pure && ts.isNewExpression(node) && node.expression.getText(file) === "Date" && !node.arguments?.length)
      report(node, "core has no clock of its own (new Date())");
    if (
      pure &&
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword)
    )
      report(node, "core declares globals in universal.d.ts only");
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (pure)
    for (const reference of [...file.typeReferenceDirectives, ...file.libReferenceDirectives, ...file.referencedFiles])
      report(file, `core must not reference ${reference.fileName}`);
}

/** Whether the identifier is a value looked up in scope or on a global object, rather than a member's or a type's name. */
function isGlobalUse(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return ts.isIdentifier(parent.expression) && globalObjects.has(parent.expression.text);
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent) || ts.isJsxAttribute(parent)) return false;
  return !("name" in parent && parent.name === node) && !("propertyName" in parent && parent.propertyName === node);
}

function isBarrel(file) {
  const exporting = file.statements.filter(
    (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier,
  );
  if (exporting.some((statement) => !statement.exportClause)) return true;
  return (
    exporting.length > 0 &&
    file.statements.every((statement) => ts.isExportDeclaration(statement) || ts.isImportDeclaration(statement))
  );
}

/** One line for each file that is the first of a cycle. */
function cycles(graph) {
  const found = [];
  const state = new Map();
  const trail = [];
  const visit = (path) => {
    state.set(path, "open");
    trail.push(path);
    for (const next of graph.get(path) ?? []) {
      if (state.get(next) === "open")
        found.push(`${path}: cycle ${[...trail.slice(trail.indexOf(next)), next].join(" → ")}`);
      else if (!state.has(next)) visit(next);
    }
    trail.pop();
    state.set(path, "done");
  };
  for (const path of graph.keys()) if (!state.has(path)) visit(path);
  return found;
}

/** All TypeScript sources of the project that belong to a layer. */
export function readSources(root) {
  const sources = new Map();
  for (const top of ["src", "sw"]) {
    for (const entry of readdirSync(join(root, top), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(path.slice(root.length + 1).replaceAll("\\", "/"), readFileSync(path, "utf8"));
    }
  }
  return sources;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const sources = readSources(join(dirname(fileURLToPath(import.meta.url)), ".."));
  const violations = checkSources(sources);
  for (const line of violations) console.error(line);
  console.log(`import graph: ${sources.size} files, ${violations.length} violations`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
