import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { get as getTls } from "node:https";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sourceFolder } from "../../src/demo/source-archive.ts";
import { packageRoot } from "../../src/gateway/package-root.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { temporaryFolder } from "../support/gateway.ts";

// Inside the package, where the bundle finds its dependencies and package.json as the published one does.
const bundle = join(packageRoot(), ".cache", `cli-test-${process.pid}`);

// Each check starts processes, which takes seconds where the machine has other work.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  await build({ configFile: join(packageRoot(), "vite.config.ts"), mode: "node", build: { outDir: bundle } });
  await cp(sourceFolder(), join(bundle, "packages"), { recursive: true });
}, 60_000);
afterAll(() => rm(bundle, { recursive: true, force: true }));

interface Run {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  readonly ended: Promise<number | null>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [join(bundle, "cli.js"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close").then(([code]) => code as number | null);
  const running: Run = { child, stdout: "", stderr: "", ended };
  child.stdout?.on("data", (chunk: Buffer) => {
    running.stdout += chunk;
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    running.stderr += chunk;
  });
  return running;
}

test("two gateways cannot keep their mirrors in one folder", async () => {
  await using folder = await temporaryFolder();
  const repository = folder.at("repository.git");
  await once(spawn("git", ["init", "--quiet", "--bare", repository]), "close");
  const flags = ["serve", "--port", "0", "--repository", repository, "--data", folder.at("data"), "--no-open"];
  const first = run(...flags);
  await expect.poll(() => first.stdout, { timeout: 30_000 }).toMatch(/\n/);
  const second = run(...flags);
  expect(await second.ended).toBe(1);
  expect(second.stderr).toMatch(/another opam-web-mirror \(process \d+\) uses it\. Stop that one, or choose another/);
  expect(second.stderr).toContain(`process ${first.child.pid}`);
  first.child.kill("SIGKILL");
  await first.ended;
  const third = run(...flags);
  await expect.poll(() => third.stdout, { timeout: 30_000 }).toMatch(/\n/);
  third.child.kill();
  expect(await third.ended).toBe(0);
});

test("--check tells by its exit code, and needs a folder", async () => {
  await using folder = await temporaryFolder();
  const repository = folder.at("repository.git");
  await once(spawn("git", ["init", "--quiet", "--bare", repository]), "close");
  const running = run("serve", "--port", "0", "--repository", repository, "--data", folder.at("data"), "--log", "json");
  await expect.poll(() => running.stdout, { timeout: 30_000 }).toMatch(/\n/);
  await expect.poll(() => running.stderr, { timeout: 30_000 }).toContain('"event":"sync"');
  for (const line of running.stderr.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("time");
  const busy = run("serve", "--check", "--data", folder.at("data"));
  expect(await busy.ended).toBe(1);
  expect(busy.stderr).toContain(`process ${running.child.pid}`);
  running.child.kill();
  expect(await running.ended).toBe(0);
  const sound = run("serve", "--check", "--data", folder.at("data"));
  expect(await sound.ended).toBe(0);
  expect(sound.stdout).toBe("sound: default: no snapshot yet\nsound: 0 fetched archives\n");
  expect(await run("serve", "--check").ended).toBe(2);
});

test.each(["SIGINT", "SIGTERM"] as const)("serves until %s, from a line that scripts can wait for", async (signal) => {
  await using folder = await temporaryFolder();
  const repository = folder.at("repository.git");
  await once(spawn("git", ["init", "--quiet", "--bare", repository]), "close");
  const server = run("serve", "--port", "0", "--base", "/x", "--repository", repository, "--no-open");
  await expect.poll(() => server.stdout, { timeout: 30_000 }).toMatch(/\n/);
  const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(server.stdout)?.[1];
  expect((await fetch(`${url}/x/healthz`)).status).toBe(200);
  server.child.kill(signal);
  expect(await server.ended).toBe(0);
});

test("a stop lets a running answer end, and waits for no other", async () => {
  await using folder = await temporaryFolder();
  const repository = folder.at("repository.git");
  await once(spawn("git", ["init", "--quiet", "--bare", repository]), "close");
  // More than the buffers of a connection take.
  const archive = Buffer.alloc(32 << 20, "archive");
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const path = `sha256/${sha256.slice(0, 2)}/${sha256}`;
  await mkdir(dirname(folder.at(`cache/${path}`)), { recursive: true });
  await writeFile(folder.at(`cache/${path}`), archive);

  for (const resumed of [true, false]) {
    const server = run("serve", "--port", "0", "--repository", repository, "--upstream-cache", folder.at("cache"));
    await expect.poll(() => server.stdout, { timeout: 30_000 }).toMatch(/\n/);
    const url = server.stdout.trim().replace("listening on ", "");
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${url}/gateway/archive/sha256/${sha256}`, resolve).on("error", reject);
    });
    expect(answer.statusCode).toBe(200);
    answer.pause();
    answer.on("error", () => {});
    const closed = new Promise((resolve) => answer.once("close", resolve));
    server.child.kill("SIGTERM");
    await expect.poll(() => server.stderr, { timeout: 30_000 }).toContain("stopping");
    const begun = performance.now();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    if (!resumed) expect(await server.ended).toBe(0);
    let bytes = 0;
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    answer.resume();
    await closed;
    expect(await server.ended).toBe(0);
    // A machine that needs longer than the grace of two seconds loses the answer, too.
    if (resumed && performance.now() - begun < 1_500) expect([answer.complete, bytes]).toEqual([true, archive.length]);
    if (!resumed) expect(answer.complete).toBe(false);
  }
});

test("a stop in the middle of a sync ends well, and leaves a sound folder", async () => {
  await using folder = await temporaryFolder();
  const { gitDir } = await makeOpamRepository({ versions: 1000, seed: 3, commits: 6 });
  const server = run("serve", "--port", "0", "--repository", gitDir, "--data", folder.at("data"), "--log", "json");
  // It is printed before the sync begins.
  await expect.poll(() => server.stderr, { timeout: 30_000 }).toContain('"event":"serving"');
  server.child.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  const checked = run("serve", "--check", "--data", folder.at("data"));
  expect(await checked.ended, checked.stdout).toBe(0);
});

test("what is served and the lines for opam are said, to people and to programs", async () => {
  await using folder = await temporaryFolder();
  const { gitDir, commits } = await makeOpamRepository({ versions: 1000, seed: 3, commits: 6 });
  const server = run("serve", "--port", "0", "--repository", `${gitDir}#master`, "--memory", "--log", "json");
  await expect.poll(() => server.stderr, { timeout: 30_000 }).toContain('"event":"sync"');
  server.child.kill("SIGINT");
  expect(await server.ended).toBe(0);
  const url = server.stdout.trim().replace("listening on ", "");
  const lines = server.stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) expect(line).toMatchObject({ time: expect.any(String), message: expect.any(String) });
  const events = (event: string) => lines.filter((line) => line.event === event);
  expect(events("serving")).toMatchObject([
    { repository: "default", remote: gitDir, branch: "master", git: `${url}/git/default` },
  ]);
  const commands = [
    `opam init default ${url}/opam/default`,
    `opam repository set-url default ${url}/opam/default`,
    `opam repository add mirror ${url}/opam/default`,
  ];
  expect(events("opam").map(({ command }) => command)).toEqual(commands);
  expect(events("sync")).toMatchObject([
    {
      repository: "default",
      commit: commits.at(-1),
      versions: expect.any(Number),
      changedFiles: expect.any(Number),
      durationMs: expect.any(Number),
      publishedMs: expect.any(Number),
      longestGapMs: expect.any(Number),
      error: null,
    },
  ]);
  expect(events("advice")).toEqual([]);
  expect(events("stopping")).toHaveLength(1);

  // Reached from elsewhere by plain http: what browsers there miss, and how they get it.
  const lan = run("serve", "--port", "0", "--host", "0.0.0.0", "--repository", gitDir, "--data", folder.at("data"));
  await expect.poll(() => lan.stderr, { timeout: 30_000 }).toMatch(/^A fresh opam: +opam init default http:\/\/\S+$/m);
  const others = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ family, internal }) => family === "IPv4" && !internal),
  );
  if (others) await expect.poll(() => lan.stderr, { timeout: 30_000 }).toMatch(/--tls-cert and --tls-key/);
  lan.child.kill();
  expect(await lan.ended).toBe(0);
});

test("over TLS, by a certificate of one's own", async () => {
  await using folder = await temporaryFolder();
  const repository = folder.at("repository.git");
  await once(spawn("git", ["init", "--quiet", "--bare", repository]), "close");
  const { cert, key } = selfSignedCertificate();
  await writeFile(folder.at("cert.pem"), cert);
  await writeFile(folder.at("key.pem"), key);
  const tls = ["--tls-cert", folder.at("cert.pem"), "--tls-key", folder.at("key.pem")];
  const server = run("serve", "--port", "0", "--repository", repository, ...tls);
  await expect.poll(() => server.stdout, { timeout: 30_000 }).toMatch(/^listening on https:/);
  const url = server.stdout.trim().replace("listening on ", "");
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    getTls(`${url}/healthz`, { ca: cert }, resolve).on("error", reject);
  });
  expect([answer.statusCode, answer.headers["x-content-type-options"]]).toEqual([200, "nosniff"]);
  answer.resume();
  await expect.poll(() => server.stderr).toContain(`opam init default ${url}/opam/default`);
  server.child.kill();
  expect(await server.ended).toBe(0);
});

test.each<[string, number, RegExp]>([
  ["", 2, /No command was given/],
  ["sreve", 2, /"sreve" is not a command/],
  ["serve --bogus", 2, /Unknown option '--bogus'/],
  ["serve --port http", 2, /--port http: it is not a port/],
  ["serve --repository /does/not/exist", 2, /no such folder/],
  ["init", 2, /init takes one folder/],
])("%j ends with code %i and one sentence", async (args, code, sentence) => {
  const ended = run(...args.split(" ").filter((arg) => arg !== ""));
  expect(await ended.ended).toBe(code);
  expect(ended.stderr).toMatch(sentence);
  expect(ended.stderr.trimEnd()).not.toContain("\n");
  expect(ended.stdout).toBe("");
});

test("a port in use ends with code 1", async () => {
  await using folder = await temporaryFolder();
  const repository = folder.at("repository.git");
  await once(spawn("git", ["init", "--quiet", "--bare", repository]), "close");
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const ended = run("serve", "--port", String(port), "--repository", repository, "--no-open");
  expect(await ended.ended).toBe(1);
  expect(ended.stderr).toContain(`port ${port} of 127.0.0.1 is already in use`);
  taken.close();
});

test("help and version", async () => {
  const { version } = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  const shown = run("--version");
  expect([await shown.ended, shown.stdout]).toEqual([0, `${version}\n`]);
  const help = run("serve", "--help");
  expect(await help.ended).toBe(0);
  for (const flag of [
    "port",
    "host",
    "repository",
    "origin",
    "upstream-cache",
    "data",
    "base",
    "tls-cert",
    "tls-key",
    "no-open",
  ])
    expect(help.stdout).toContain(`--${flag}`);
});
