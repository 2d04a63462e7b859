import { afterAll, beforeAll, describe, expect } from "vitest";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository } from "../fixtures/opam-repository.ts";
import { type BrowserName, launch, skipReason, type TestBrowser, type TestPage } from "../support/browsers/browser.ts";
import { checkUnless } from "../support/check-unless.ts";
import { checkHttpCase, httpTable } from "../support/http-table.ts";
import { dashboardReady, readyText, textAppears } from "../support/serving/dashboard-page.ts";
import { expectedAnswers, servedHashes } from "../support/serving/git-hashes.ts";
import { type MirrorSite, mirrorSite } from "../support/serving/mirror-site.ts";
import { answersOf, bytesOf, differences, sendThrough, statusOf } from "../support/serving/page-requests.ts";
import { readyStatus } from "../support/serving/status-shape.ts";
import { listTarGz } from "../support/serving/ustar-listing.ts";

interface Target {
  readonly title: string;
  readonly browser: BrowserName;
  readonly base?: string;
  readonly https?: boolean;
  readonly mirror?: boolean;
}

const targets: readonly Target[] = [
  { title: "chromium", browser: "chromium" },
  { title: "firefox", browser: "firefox" },
  { title: "webkit", browser: "webkit" },
  {
    title: "chromium under a base path, beside the gateway's own mirror",
    browser: "chromium",
    base: "/demo/",
    mirror: true,
  },
  { title: "chromium over https with a self-signed certificate", browser: "chromium", https: true },
];

/** By seed 3 there are packages directly below `packages/`, and one and three folders deep. */
let repository: OpamRepository;
let commit: string;
let hashes: Map<string, string>;

beforeAll(async () => {
  repository = await makeOpamRepository({ versions: 1000, seed: 3, commits: 3 });
  commit = repository.commits.at(-1)!;
  hashes = await servedHashes(repository.gitDir, commit);
  const depths = new Set([...hashes.keys()].filter((path) => path.endsWith("/opam")).map((p) => p.split("/").length));
  expect([...depths].sort()).toEqual([3, 4, 6]);
});

describe.each(targets)("$title", (target) => {
  const missing = skipReason(target.browser);
  let site: MirrorSite;
  let browser: TestBrowser;
  let page: TestPage;
  /** Address of the repository. */
  let root: string;

  beforeAll(async () => {
    if (missing !== null) return;
    site = await mirrorSite({ repository, ...target });
    root = `${site.url}opam/default/`;
    browser = await launch(target.browser, { ignoreHttpsErrors: target.https === true });
    page = await browser.open(site.url);
    await dashboardReady(page, 30_000);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  /** In this order: each check starts from the state that the one before it leaves. */
  const check = checkUnless(missing);

  check("an empty profile becomes ready; status tells what Git tells", async () => {
    expect(new URL(site.url).pathname).toBe(target.base ?? "/");
    expect(new URL(site.url).protocol).toBe(target.https ? "https:" : "http:");
    const counts = await repository.count(commit);
    const facts = { remote: site.gitDir, branch: "master", commit, ...counts };
    const status = await statusOf(page, root);
    expect(status).toStrictEqual(readyStatus(facts));
    const [first] = status.repositories;
    const seconds = Number(await git(["log", "-1", "--format=%ct", commit], { gitDir: site.gitDir }));
    expect(first?.committedAt).toBe(new Date(seconds * 1000).toISOString());
    const files = (await repository.files(commit)).size;
    expect(first?.progress.objects).toBe(first?.progress.totalObjects);
    expect(first?.progress.objects).toBeGreaterThan(files);
    const served = [...hashes.keys(), "repo"].length;
    expect(first?.lastSync?.changedFiles).toBe(served);
  });

  check("every path of the tree answers what git cat-file gives", async () => {
    const started = performance.now();
    const found = await answersOf(page, root, [...hashes.keys()]);
    const ms = performance.now() - started;
    expect(differences(found, expectedAnswers(hashes))).toEqual([]);
    console.log(`${target.title}: ${found.size} files through the service worker in ${ms.toFixed(0)} ms`);
  });

  check("repo is upstream's own with stamp and archive mirrors", async () => {
    const text = (await bytesOf(page, `${root}repo`)).toString();
    const upstream = await git(["cat-file", "blob", `${commit}:repo`], { gitDir: site.gitDir });
    const fields = (of: string) => [...of.matchAll(/^([a-z-]+):/gm)].map(([, name]) => name);
    expect(fields(text).sort()).toEqual([...fields(upstream), "archive-mirrors", "stamp"].sort());
    expect(text).toContain(`stamp: "${commit}"`);
    expect(text).toMatch(/^archive-mirrors: (\[\s*)?"cache"/m);
    expect(text).toContain(/announce: \[.*?^\]/ms.exec(upstream)![0]);
    expect(text).toContain(/^browse: .*$/m.exec(upstream)![0]);
  });

  check("index.tar.gz lists exactly repo, version and packages, as plain ustar", async () => {
    const bytes = await bytesOf(page, `${root}index.tar.gz`);
    const seconds = Number(await git(["log", "-1", "--format=%ct", commit], { gitDir: site.gitDir }));
    const listing = await listTarGz(bytes, seconds);
    expect(listing.wrong).toEqual([]);
    expect(listing.names).toEqual([...hashes.keys(), "repo"].sort());
    const repo = (await answersOf(page, root, ["repo"])).get("repo")!.split(" ").at(-1)!;
    expect(differences(listing.hashes, new Map([...hashes, ["repo", repo]]))).toEqual([]);
    expect(await bytesOf(page, `${root}index.tar.gz`)).toEqual(bytes);
  });

  check("the HTTP table holds through the service worker", async () => {
    const file = [...hashes.keys()].find((path) => path.endsWith("/opam"))!;
    const send = sendThrough(page, root);
    const wrong: Record<string, string[]> = {};
    let checked = 0;
    for (const httpCase of httpTable) {
      // The page's fetch follows a redirect before anybody sees it; that one is a check of its own.
      if (httpCase.raw || httpCase.status === 303) continue;
      const found = await checkHttpCase(httpCase, send, { file, ...site.archive });
      if (found.length > 0) wrong[httpCase.name] = found;
      checked++;
    }
    expect(wrong).toEqual({});
    expect(checked).toBeGreaterThan(70);
    await dashboardReady(page, 10_000);
  });

  check("status opened as a page is the dashboard", async () => {
    const other = await browser.open(`${root}status`);
    await dashboardReady(other, 10_000);
    expect(await other.evaluate(() => location.href)).toBe(site.url);
    await other.close();
  });

  check("the repository's public addresses are answered, other requests are left alone", async () => {
    const path = [...hashes.keys()].find((one) => one.endsWith("/opam"))!;
    const expected = expectedAnswers(new Map([[path, hashes.get(path)!]]));
    for (const origin of ["https://opam.ocaml.org/", site.origin]) {
      expect(differences(await answersOf(page, origin, [path]), expected)).toEqual([]);
      const archive = `cache/md5/${site.archive.md5.slice(0, 2)}/${site.archive.md5}`;
      const fetched = (await answersOf(page, origin, [archive])).get(archive);
      expect(fetched).toMatch(new RegExp(`^200 (store|upstream) ${site.archive.sha256}$`));
    }
    const alone = await page.evaluate(
      async (base, origin) => {
        const urls = ["healthz", "gateway/config.json", "opamx/default/repo", "missing.png"].map((path) => base + path);
        const foreign = ["about", "", "packages", "../packages/a/a.1/opam"].map((path) => new URL(path, origin).href);
        const ask = (url: string) =>
          fetch(url).then(
            (response) => `${response.status} ${response.headers.get("x-opam-source")}`,
            (error: Error) => error.name,
          );
        return { own: await Promise.all(urls.map(ask)), foreign: await Promise.all(foreign.map(ask)) };
      },
      site.url,
      site.origin,
    );
    expect(alone.own).toEqual(["200 null", "200 null", "404 null", "404 null"]);
    expect(alone.foreign).toEqual(["TypeError", "TypeError", "TypeError", "TypeError"]);
  });

  check("a second page is served too, and takes over when the first is closed", async () => {
    const second = await browser.open(site.url);
    await dashboardReady(second, 10_000);
    const before = (await statusOf(second, root)).repositories[0]?.lastSync?.startedAt ?? "";
    await page.close();
    page = second;
    // The new leader starts its engine, which asks the remote at once.
    const end = performance.now() + 15_000;
    let after = before;
    while (after <= before && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      after = (await statusOf(page, root)).repositories[0]?.lastSync?.startedAt ?? "";
    }
    expect(after > before).toBe(true);
    await dashboardReady(page, 10_000);
  });

  check("the dashboard names state, commit and counts, and fits 360 px", async () => {
    await page.setViewport(360, 740);
    const text = await readyText(page);
    const { overflow, width } = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - innerWidth,
      width: innerWidth,
    }));
    expect(width).toBe(360);
    expect(overflow).toBeLessThanOrEqual(0);
    const { packages, versions } = await repository.count(commit);
    for (const word of ["Ready", commit.slice(0, 10), String(packages)]) expect(text).toContain(word);
    expect(text.replace(/\D/g, "")).toContain(String(versions));
    const commands = await page.evaluate(() => document.querySelector(".opam-lines")?.textContent ?? "");
    expect(commands).toContain("opam repository add mirror ");
    expect(commands).toContain(target.mirror ? `${site.url}opam/default` : `git+${site.url}git/default`);
    await page.setViewport(1280, 800);
    await dashboardReady(page, 10_000);
  });

  check("a service worker stopped between requests makes no difference", async (context) => {
    const stop = browser.stopServiceWorkers;
    if (stop === null) return context.skip(`${target.browser} cannot be told to stop service workers`);
    const paths = [...hashes.keys()].filter((_, at) => at % 97 === 0);
    const expected = expectedAnswers(hashes);
    for (const path of paths) {
      await stop();
      const found = await answersOf(page, root, [path]);
      expect(found.get(path)).toBe(expected.get(path));
    }
    for (const path of ["repo", "index.tar.gz", "status", "packages/none/none.1/opam"]) {
      const before = (await answersOf(page, root, [path])).get(path)!;
      await stop();
      const after = (await answersOf(page, root, [path])).get(path)!;
      if (path === "status") expect(after).toMatch(/^200 /);
      else expect(after).toBe(before);
    }
    expect((await statusOf(page, root)).repositories[0]?.commit).toBe(commit);
  });

  check("a body that nobody has read is whole when the service worker has been stopped", async (context) => {
    const stop = browser.stopServiceWorkers;
    if (stop === null) return context.skip(`${target.browser} cannot be told to stop service workers`);
    const paths = ["repo", ...[...hashes.keys()].filter((_, at) => at % 97 === 0)];
    const unread = await page.evaluate(
      async (url, all) => {
        const window = globalThis as { unread?: Response[] };
        window.unread = await Promise.all(all.map((path) => fetch(new URL(path, url), { cache: "no-store" })));
        return window.unread.map(({ status, bodyUsed }) => `${status} ${bodyUsed}`);
      },
      root,
      paths,
    );
    expect(new Set(unread)).toEqual(new Set(["200 false"]));
    await stop();
    const texts = await page.evaluate(() =>
      Promise.all((globalThis as { unread?: Response[] }).unread!.map((response) => response.text())),
    );
    const again = await page.evaluate(
      (url, all) => Promise.all(all.map(async (path) => (await fetch(new URL(path, url))).text())),
      root,
      paths,
    );
    expect(texts).toEqual(again);
    expect(texts[0]).toContain("opam-version");
  });

  check("with the server gone, a reload shows the dashboard and every route answers", async () => {
    const index = (await answersOf(page, root, ["index.tar.gz", "repo"])) as ReadonlyMap<string, string>;
    await site.stopServer();
    await page.reload();
    await page.waitFor(() => document.querySelector("[data-repository=default]") !== null, 10_000);
    // Nobody else answers this address any more.
    const gone = page.evaluate((url) => fetch(url).then(({ status }) => status), `${site.url}healthz`);
    await expect(gone).rejects.toThrow();
    expect(differences(await answersOf(page, root, [...hashes.keys()]), expectedAnswers(hashes))).toEqual([]);
    expect(await answersOf(page, root, ["index.tar.gz", "repo"])).toEqual(index);
    expect((await answersOf(page, root, ["update"])).get("update")).toMatch(/^202 /);
    expect((await answersOf(page, root, ["packages/none/none.1/opam"])).get("packages/none/none.1/opam")).toMatch(
      /^404 /,
    );
    const [status] = (await statusOf(page, root)).repositories;
    expect(status).toMatchObject({ commit, versions: (await repository.count(commit)).versions });
    // The sync that a start begins says what it met.
    await textAppears(page, "remote-unreachable", 10_000);
    const [settled] = (await statusOf(page, root)).repositories;
    expect(settled?.lastSync?.error?.code).toBe("remote-unreachable");
    await textAppears(page, commit.slice(0, 10), 0);
  });
});
