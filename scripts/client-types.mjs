import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

const entry = "src/client/mirror.ts";

/**
 * Writes the type declarations of the client library below `out`: of its entry and of every file that these name, one for each. Every file says
 * the types of its exports itself (isolatedDeclarations), so that none has to be checked for it. Throws when one does not.
 */
export function writeClientTypes(root, out) {
  const waiting = [join(root, entry)];
  const done = new Set();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (done.has(path)) continue;
    done.add(path);
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(path, "utf8"), {
      fileName: path,
      reportDiagnostics: true,
      compilerOptions: {
        isolatedDeclarations: true,
        verbatimModuleSyntax: true,
        strict: true,
        target: ts.ScriptTarget.ES2023,
      },
    });
    if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, host(root)));
    const text = outputText.replace(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)\.ts"/g, (_, before, name) => {
      waiting.push(resolve(dirname(path), `${name}.ts`));
      // What every resolution of modules finds the declarations by.
      return `${before}"${name}.js"`;
    });
    const target = join(out, relative(join(root, "src"), path).replace(/\.ts$/, ".d.ts"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

const host = (root) => ({
  getCurrentDirectory: () => root,
  getCanonicalFileName: (name) => name,
  getNewLine: () => "\n",
});
