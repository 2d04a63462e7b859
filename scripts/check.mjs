// npm run check: every check that needs no browser, as many at once as there are processors.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => join(root, "node_modules/.bin", name);
// The longest first, so that the short ones fill the gaps.
const steps = [
  { name: "types", command: [bin("tsc"), "-b"] },
  {
    name: "lint",
    command: [bin("eslint"), "--max-warnings=0", "--cache", "--cache-location", ".cache/eslint/", "src", "sw", "tests"],
  },
  { name: "unit", command: [process.execPath, join(root, "scripts/test.mjs"), "unit"] },
  { name: "unused", command: [bin("knip")] },
  { name: "format", command: [bin("biome"), "check", "--error-on-warnings"] },
  { name: "imports", command: [process.execPath, join(root, "scripts/check-imports.mjs")] },
];

const started = performance.now();
const queue = [...steps];
const results = [];
// Two at least: on one processor they still overlap with reading files.
await Promise.all(Array.from({ length: Math.max(2, Math.min(4, availableParallelism())) }, work));

for (const { name, status, output } of results) if (status !== 0) console.log(`\n── ${name} ──\n${output.trimEnd()}`);
console.log();
for (const { name, status, seconds } of results)
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} ${seconds.toFixed(1)} s`);
console.log(
  `check: ${results.filter(({ status }) => status !== 0).length} of ${results.length} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`,
);
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;

async function work() {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) results.push(await run(step));
}

function run({ name, command }) {
  return new Promise((resolve) => {
    const begun = performance.now();
    const chunks = [];
    const child = spawn(command[0], command.slice(1), {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    const end = (status, output) => resolve({ name, status, output, seconds: (performance.now() - begun) / 1000 });
    child.once("error", (error) => end(1, error.message));
    child.once("close", (status) => end(status ?? 1, Buffer.concat(chunks).toString("utf8")));
  });
}
