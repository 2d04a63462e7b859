// npm test: gets the browsers, builds the app when it is stale, and runs the suites one after another.
// `node scripts/test.mjs [unit|contract|browser|e2e|slow]… [-- vitest arguments]`; without a suite: unit, contract, browser and e2e.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBrowsers } from "./find-browser.mjs";
import { fingerprint, stampFile } from "./fingerprint.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Where a suite's files are, and what it needs besides Node. */
const suites = {
  unit: { folders: ["tests/unit"], programs: [], built: false },
  contract: { folders: ["tests/contract"], programs: [], built: true },
  browser: {
    folders: ["tests/contract", "tests/browser", "tests/availability"],
    programs: ["chromium", "firefox", "webkit"],
    built: true,
  },
  e2e: { folders: ["tests/e2e"], programs: ["chromium", "opam"], built: true },
  slow: { folders: ["tests/slow"], programs: ["chromium", "firefox", "webkit"], built: true },
};

const separator = process.argv.indexOf("--", 2);
const wanted = process.argv.slice(2, separator < 0 ? undefined : separator);
const passedOn = separator < 0 ? [] : process.argv.slice(separator + 1);
const unknown = wanted.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`test: there is no suite ${unknown.join(", ")}. Known are: ${Object.keys(suites).join(", ")}.`);
  process.exit(2);
}
// A suite without files is not run; one whose files hold no test fails.
const names = (wanted.length > 0 ? wanted : ["unit", "contract", "browser", "e2e"]).filter((name) =>
  suites[name].folders.some(hasTests),
);

const missing = await ensureBrowsers([...new Set(names.flatMap((name) => suites[name].programs))]);
for (const { name, reason, required } of missing)
  console.log(`${required ? "missing" : "skipping"} ${name}: ${reason}`);
if (missing.some(({ required }) => required)) process.exit(1);
if (names.some((name) => suites[name].built) && !(await builtOrBuild())) process.exit(1);

const skipped = [];
const unsteady = [];
const results = names.map((name) => ({ name, ...runSuite(name) }));
if (skipped.length > 0) {
  console.log(`\nskipped checks (${skipped.length}):`);
  const reasons = Map.groupBy ? Map.groupBy(skipped, reasonOf) : groupBy(skipped, reasonOf);
  for (const [reason, tests] of reasons) {
    console.log(`- ${reason}`);
    for (const { file, name } of tests) console.log(`    ${file}: ${name}`);
  }
}
if (unsteady.length > 0) {
  console.log(`\npassed only at the second attempt (${unsteady.length}); each is a fault to be looked into:`);
  for (const { file, name, note } of unsteady) console.log(`- ${file}: ${name}\n    ${note.split("\n")[0]}`);
}
// Again at the end, where whoever sees only the last lines of a long log finds them.
for (const { name, failures } of results) for (const failure of failures) console.log(`\nfailed (${name}): ${failure}`);
console.log();
for (const { name, passed, failed, skipped } of results)
  console.log(`${name}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
const ran = results.reduce((sum, { passed, failed }) => sum + passed + failed, 0);
if (ran === 0) console.error("No test ran.");
process.exitCode = ran === 0 || results.some(({ ok }) => !ok) ? 1 : 0;

/** A line of name and the first lines of the reason, for each test of a file that failed, or for the file itself. */
function failuresOf(file) {
  const short = (text) => String(text).split("\n").slice(0, 2).join("\n    ");
  const failed = file.assertionResults.filter((test) => test.status === "failed");
  const path = relative(root, file.name);
  if (failed.length === 0 && file.status === "failed") return [`${path}\n    ${short(file.message)}`];
  return failed.map((test) => `${path}: ${test.fullName}\n    ${test.failureMessages.map(short).join("\n    ")}`);
}

function reasonOf({ note }) {
  return note || "no reason given";
}

function groupBy(items, key) {
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function hasTests(folder) {
  const path = join(root, folder);
  return existsSync(path) && readdirSync(path, { recursive: true }).some((file) => /\.test\.tsx?$/.test(String(file)));
}

async function builtOrBuild() {
  const stamp = join(root, stampFile);
  if (existsSync(stamp) && readFileSync(stamp, "utf8").trim() === fingerprint(root)) return true;
  console.log("building the app");
  const { status } = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) console.error("The build failed, so nothing was tested.");
  return status === 0;
}

/** Runs one project of vitest.config.ts. A file that could not be loaded counts as one failure. */
function runSuite(name) {
  const folder = mkdtempSync(join(tmpdir(), "mirror-results-"));
  try {
    const json = join(folder, "results.json");
    const notes = join(folder, "notes.json");
    console.log(`\n${name}`);
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        "--project",
        name,
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${json}`,
        `--reporter=${join(root, "scripts/notes-reporter.mjs")}`,
        ...passedOn,
      ],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, NOTES_REPORT: notes } },
    );
    if (!existsSync(json)) return { passed: 0, failed: 1, skipped: 0, failures: ["vitest wrote no report"], ok: false };
    const report = JSON.parse(readFileSync(json, "utf8"));
    const unloaded = report.testResults.filter(
      (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
    ).length;
    const counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded,
      skipped: report.numPendingTests + report.numTodoTests,
    };
    if (existsSync(notes)) {
      const noted = JSON.parse(readFileSync(notes, "utf8"));
      skipped.push(...noted.skipped);
      unsteady.push(...noted.unsteady);
    }
    // Vitest also fails for errors outside of tests, such as an unhandled rejection.
    if (status !== 0 && counts.failed === 0) counts.failed = 1;
    return { ...counts, failures: report.testResults.flatMap(failuresOf), ok: status === 0 && counts.failed === 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
