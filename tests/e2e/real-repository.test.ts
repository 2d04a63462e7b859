import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { git } from "../fixtures/git-command.ts";
import { launch, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { checkUnless } from "../support/check-unless.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { findOpam, runOpam } from "../support/opam-client.ts";
import { realData, skipReason } from "../support/real-data.ts";
import { dashboardReady, readyText } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { answersOf, bytesOf, differences, statusOf } from "../support/serving/page-requests.ts";
import { listTarGz } from "../support/serving/ustar-listing.ts";
import { serveFolder } from "../support/static-folder.ts";

/** The state of opam-repository that the figures below are of. */
const commit = "97014be61691efb695da5de8e860cba5d74fa1f5";
const packages = 4_596;
const versions = 18_793;
const readyMs = 12_000;

const missing = skipReason();
const opam = findOpam();

describe("the real opam-repository in Chromium", () => {
  let gateway: TestGateway;
  let browser: TestBrowser;
  let page: TestPage;
  let root: string;
  let gitDir: string;
  let hashes: Map<string, string>;
  let index: Buffer;

  beforeAll(async () => {
    const data = realData();
    if (data === null) return;
    gitDir = data.repository;
    hashes = await servedHashes(gitDir, commit);
    gateway = await testGateway({ repository: gitDir });
    root = `${gateway.page}opam/default/`;
    browser = await launch("chromium");
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });

  /** In this order: the first one makes the snapshot that the others read. */
  const check = checkUnless(missing);

  check("an empty profile is ready within 12 s, with the right commit and counts", async () => {
    const begun = performance.now();
    page = await browser.open(gateway.page);
    let status = await statusOf(page, root).catch(() => null);
    while (status?.repositories[0]?.state !== "ready") {
      if (performance.now() - begun > 60_000) throw new Error(`not ready in 60 s: ${JSON.stringify(status)}`);
      await sleep(50);
      status = await statusOf(page, root).catch(() => null);
    }
    const ms = performance.now() - begun;
    console.log(
      `state ready ${ms.toFixed(0)} ms after the page was opened; sync took ${status.repositories[0].lastSync?.durationMs} ms`,
    );
    expect(status.repositories[0]).toMatchObject({
      commit,
      packages,
      versions,
      parseErrors: [],
      lastSync: { error: null },
    });
    expect(ms).toBeLessThanOrEqual(readyMs);
    await dashboardReady(page, 5_000);
    expect((await readyText(page)).replace(/[\s,.]/g, "")).toContain(`packages${packages}versions${versions}`);
  });

  check("every file through the service worker equals git cat-file", async () => {
    const paths = [...hashes.keys()];
    expect(paths.filter((path) => path.startsWith("packages/"))).toHaveLength(versions);
    const begun = performance.now();
    const found = await answersOf(page, root, paths, 40);
    const ms = performance.now() - begun;
    console.log(`${paths.length} files in ${ms.toFixed(0)} ms, ${((1000 * paths.length) / ms).toFixed(0)} a second`);
    expect(differences(found, expectedAnswers(hashes))).toEqual([]);
  });

  check("index.tar.gz lists exactly repo, version and packages, as plain ustar", async () => {
    index = await bytesOf(page, `${root}index.tar.gz`);
    const seconds = Number(await git(["log", "-1", "--format=%ct", commit], { gitDir }));
    const listing = await listTarGz(index, seconds);
    expect(listing.wrong).toEqual([]);
    expect(listing.names).toEqual([...hashes.keys(), "repo"].sort());
    const repo = (await answersOf(page, root, ["repo"])).get("repo")!.split(" ").at(-1)!;
    expect(differences(listing.hashes, new Map([...hashes, ["repo", repo]]))).toEqual([]);
    console.log(`index.tar.gz has ${index.length} bytes`);
  });

  check("a real opam accepts it from a plain folder", async (context) => {
    if (opam === null) return context.skip("opam is not on PATH (Debian package opam).");
    await using folder = await temporaryFolder();
    await writeFile(folder.at("index.tar.gz"), index);
    // The archive is what a folder of a plain web server is made of, too.
    await promisify(execFile)("tar", ["-xzf", folder.at("index.tar.gz"), "-C", folder.path]);
    expect(await readFile(folder.at("repo"), "utf8")).toContain(`stamp: "${commit}"`);
    await using server = await serveFolder(folder.path);
    const client = (...args: string[]) => runOpam(opam, folder.at("root"), args);
    const begun = performance.now();
    const said = await client("init", "--bare", "--disable-sandboxing", "--no-setup", "-y", "default", server.url);
    console.log(`opam init took ${(performance.now() - begun).toFixed(0)} ms`);
    expect(server.asked).toEqual(["/index.tar.gz"]);
    expect(said).not.toMatch(/parse error|fields have been ignored|skipped|older opam format/i);
    const listed = await client("list", "--all", "--all-versions", "--short", "--columns=package");
    const names = [...hashes.keys()].flatMap((path) => /([^/]+)\/opam$/.exec(path)?.[1] ?? []);
    const known = listed
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^[^#\s]+\.[^\s]+$/.test(line));
    // To opam `1.0+a` and `1.0+a0` are one version, of which it keeps one: leading zeros of a number mean nothing.
    const plain = (name: string) => name.replace(/(?<!\d)0+/g, "");
    const all = new Set(known.map(plain));
    expect(known.length).toBeGreaterThan(versions - 10);
    expect(names.filter((name) => !all.has(plain(name)))).toEqual([]);
    const shown = await client("show", "-f", "version,url.src:", "ocamlfind.1.9.6");
    expect(shown).toContain("1.9.6");
    expect(shown).toMatch(/https?:\/\//);
  });
});
