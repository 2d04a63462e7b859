import { cp, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeClientTypes } from "../../scripts/client-types.mjs";
import { temporaryFolder } from "../support/gateway.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

// Somebody's project that has this package installed, as its package.json says it: the declarations are those that a build writes.
beforeAll(async () => {
  folder = await temporaryFolder();
  const installed = folder.at("node_modules/opam-web-mirror");
  await mkdir(`${installed}/dist/client`, { recursive: true });
  await cp(`${root}/package.json`, `${installed}/package.json`);
  await writeFile(`${installed}/dist/client/opam-web-mirror.js`, "");
  writeClientTypes(root, `${installed}/dist/client/types`);
  await writeFile(folder.at("package.json"), '{"type":"module"}');
});
afterAll(() => folder[Symbol.asyncDispose]());

const consumer = `import { type Mirror, type MirrorError, openMirror, type RepositoryStatus, type VerifyReport } from "opam-web-mirror";
const mirror: Mirror = await openMirror({ base: "/demo/", autoUpdate: false });
await mirror.ready();
const commits: (string | null)[] | undefined = mirror.status?.repositories.map((one: RepositoryStatus) => one.commit);
const end: () => void = mirror.subscribe(({ repositories }) => console.log(repositories[0]?.phase, commits));
await mirror.update("default", { acceptOlder: true }).catch(({ code }: MirrorError) => console.log(code === "peer-gone"));
await mirror.archives.keep(["dune", "lwt.5.7.0"]);
const { bad }: VerifyReport = await mirror.archives.verify();
const response: Response = await mirror.fetch(bad[0] ?? "opam/default/repo");
console.log(response.status, (await mirror.problems("default")).problems.map(({ kind }) => kind), end());
`;

async function problemsOf(text: string, options: ts.CompilerOptions): Promise<string[]> {
  const path = folder.at("consumer.ts");
  await writeFile(path, text);
  const strict = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    types: [],
  };
  const program = ts.createProgram([path], { ...strict, ...options });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test.each([
  ["a bundler", { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }],
  ["Node's rules", { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }],
])("the library has types for who uses it with %s", async (_, options) => {
  expect(await problemsOf(consumer, options)).toEqual([]);
  // `any` would take this as well.
  const wrong = consumer
    .replace('keep(["dune", "lwt.5.7.0"])', 'keep("dune", 7)')
    .replace('"peer-gone"', '"no-such-code"');
  expect(await problemsOf(wrong, options)).toHaveLength(2);
});
