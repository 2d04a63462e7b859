// Where the browsers of the test suites are, and how to get the ones that are missing.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const programs = {
  chromium: {
    variable: "CHROMIUM",
    commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    packages: ["chromium"],
  },
  firefox: { variable: "FIREFOX", commands: ["firefox-esr", "firefox"], packages: ["firefox-esr"] },
  webkit: { variable: "WEBKIT", commands: [], packages: ["webkit2gtk-driver", "xvfb"] },
  opam: { variable: "OPAM", commands: ["opam"], packages: ["opam"] },
};

/** Without these the suites mean nothing; without the others they are skipped, and say so. */
const required = new Set(["chromium"]);

/**
 * The path of a program: its environment variable, then PATH, then (Chromium) what Playwright's installer downloaded.
 * For `webkit` it is WebKitGTK's MiniBrowser, which distributions keep outside PATH. Null when there is none.
 */
export function findBrowser(name) {
  const { variable, commands } = programs[name];
  const named = process.env[variable];
  if (named) return isExecutable(named) ? named : null;
  for (const command of commands) {
    const path = onPath(command);
    if (path !== null) return path;
  }
  if (name === "chromium") return playwrightChromium();
  return name === "webkit" ? miniBrowser() : null;
}

/** A sentence that says what is missing and how to get it, or null when the program can be used. */
export function missingBrowser(name) {
  const { variable, packages } = programs[name];
  const named = process.env[variable];
  if (named && !isExecutable(named)) return `${variable}=${named} is not an executable file.`;
  const advice = `Install it with "${aptInstall(packages)}", or name it in ${variable}.`;
  if (findBrowser(name) === null) return `${name} was not found. ${advice}`;
  if (name !== "webkit") return null;
  if (!process.env.DISPLAY && onPath("Xvfb") === null)
    return `webkit: there is no display and no Xvfb. Install it with "${aptInstall(["xvfb"])}".`;
  return null;
}

/**
 * Tries to install what is missing: Chromium by Playwright's installer, else everything by apt-get when this is Debian
 * and we are root. Prints what it does. Returns the names still missing, with reasons.
 * @returns {Promise<{ name: string, reason: string, required: boolean }[]>}
 */
export async function ensureBrowsers(names, log = console.log) {
  const missing = () => names.filter((name) => missingBrowser(name) !== null);
  // A variable that names nothing is a mistake to report; installing something else would hide it.
  const installable = () => missing().filter((name) => !process.env[programs[name].variable]);
  if (installable().includes("chromium")) {
    log("Installing Chromium (Playwright's installer)");
    run(process.execPath, [playwrightCli(), "install", ...(isRoot() ? ["--with-deps"] : []), "chromium"], log);
  }
  if (installable().length > 0 && canUseApt()) {
    const packages = installable().flatMap((name) => programs[name].packages);
    log(`Installing ${packages.join(", ")} (apt-get) for: ${installable().join(", ")}`);
    run("apt-get", ["update", "-qq"], log);
    // One transaction fails as a whole, so a second try installs them one after another.
    if (!run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], log))
      for (const name of installable())
        run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...programs[name].packages], log);
  }
  return missing().map((name) => ({ name, reason: missingBrowser(name) ?? "", required: required.has(name) }));
}

function aptInstall(packages) {
  return `${isRoot() ? "" : "sudo "}apt-get update && ${isRoot() ? "" : "sudo "}apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

function canUseApt() {
  return isRoot() && existsSync("/etc/debian_version") && onPath("apt-get") !== null;
}

function isRoot() {
  return process.getuid?.() === 0;
}

function run(command, args, log) {
  const { status, error } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    timeout: 600_000,
  });
  if (status !== 0) log(`${command} ${args.join(" ")} failed (${error?.message ?? `status ${status}`}).`);
  return status === 0;
}

function playwrightCli() {
  return createRequire(import.meta.url).resolve("@playwright/test/cli");
}

function miniBrowser() {
  const multiarch = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch] ?? "";
  for (const library of [`/usr/lib/${multiarch}`, "/usr/lib", "/usr/lib64", "/usr/libexec"]) {
    for (const version of ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"]) {
      const path = join(library, version, "MiniBrowser");
      if (isExecutable(path)) return path;
    }
  }
  return null;
}

/** Loading Playwright takes a quarter of a second, hence only when nothing else was found. */
function playwrightChromium() {
  try {
    const { chromium } = createRequire(import.meta.url)("@playwright/test");
    const path = chromium.executablePath();
    return path && isExecutable(path) ? path : null;
  } catch {
    return null;
  }
}

function onPath(command) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, command);
    if (isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
