import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { RepositoryStatus } from "../../../src/protocol/status.ts";
import { git } from "../../fixtures/git-command.ts";
import { makeOpamRepository } from "../../fixtures/opam-repository.ts";
import { launch, type TestBrowser, type TestPage } from "../browsers/browser.ts";
import { dashboardReady } from "./dashboard-page.ts";
import { expectedAnswers, servedHashes } from "./git-hashes.ts";
import { type MirrorSite, mirrorSite } from "./mirror-site.ts";
import { answersOf, differences, statusOf } from "./page-requests.ts";

interface State {
  readonly commit: string;
  readonly answers: ReadonlyMap<string, string>;
}

/** A mirror in Chromium whose next update is as large as a first sync, and the means to take its storage away. */
export class StoragePressure implements AsyncDisposable {
  readonly site: MirrorSite;
  readonly browser: TestBrowser;
  readonly root: string;
  readonly small: State;
  readonly large: State;
  page: TestPage;

  private constructor(site: MirrorSite, browser: TestBrowser, small: State, large: State, page: TestPage) {
    this.site = site;
    this.browser = browser;
    this.root = `${site.url}opam/default/`;
    this.small = small;
    this.large = large;
    this.page = page;
  }

  static async open(): Promise<StoragePressure> {
    const repository = await makeOpamRepository({ versions: 200, seed: "small" });
    // Of a later date, or it would be the older one of two, which is not taken unasked.
    const other = await makeOpamRepository({ versions: 1500, seed: "large", commits: 3 });
    const state = async (gitDir: string, commit: string): Promise<State> => ({
      commit,
      answers: expectedAnswers(await servedHashes(gitDir, commit)),
    });
    const small = await state(repository.gitDir, repository.commits[0]!);
    const large = await state(other.gitDir, other.commits.at(-1)!);
    const site = await mirrorSite({ repository });
    await git(["fetch", "-q", other.gitDir, `refs/heads/${other.branch}:refs/heads/large`], { gitDir: site.gitDir });
    const browser = await launch("chromium");
    return new StoragePressure(site, browser, small, large, await browser.open("about:blank"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.site[Symbol.asyncDispose]();
  }

  /** A tab with the dashboard, in an origin that has nothing, and the small state served. */
  async begin(): Promise<void> {
    await this.page.close();
    this.page = await this.browser.open(`${this.site.url}healthz`);
    await this.quota(null);
    await this.page.cdp!.send("Storage.clearDataForOrigin", { origin: this.origin, storageTypes: "all" });
    await this.site.push(this.small.commit);
    await this.page.goto(this.site.url);
    await dashboardReady(this.page, 20_000);
  }

  get origin(): string {
    return new URL(this.site.url).origin;
  }

  /** Bytes that the origin may use; null for as many as the browser likes. */
  async quota(bytes: number | null): Promise<void> {
    await this.page.cdp!.send("Storage.overrideQuotaForOrigin", {
      origin: this.origin,
      ...(bytes !== null && { quotaSize: bytes }),
    });
  }

  async usage(): Promise<number> {
    const { usage } = await this.page.cdp!.send("Storage.getUsageAndQuota", { origin: this.origin });
    return usage as number;
  }

  /** Bytes that a sync of the large state adds. */
  async cost(): Promise<number> {
    await this.begin();
    const before = await this.usage();
    await this.site.push(this.large.commit);
    await this.update();
    return (await this.usage()) - before;
  }

  /**
   * Lets that many bytes be added, and has the large state synced. Chromium goes on with the room that it knew of for as long as a
   * database is open and two seconds more.
   */
  async updateWithin(bytes: number): Promise<RepositoryStatus> {
    const usage = await this.usage();
    const before = await this.lastSyncAt();
    await this.page.goto(`${this.site.url}healthz`);
    await this.browser.stopServiceWorkers!();
    await this.quota(usage + bytes);
    await this.site.push(this.large.commit);
    await sleep(2_500);
    await this.page.goto(this.site.url);
    return this.#syncAfter(before);
  }

  /** Asks for a sync, and says how the repository stands when it has ended. */
  async update(): Promise<RepositoryStatus> {
    const before = await this.lastSyncAt();
    await this.page.evaluate(() => globalThis.opamMirror!.update());
    return this.#syncAfter(before);
  }

  /** Gives the room back, and expects the large state to be served after the next sync. */
  async expectRecovery(): Promise<void> {
    await this.quota(null);
    expect(await this.update()).toMatchObject({ state: "ready", commit: this.large.commit, lastSync: { error: null } });
    expect(await this.differences(this.large)).toEqual([]);
  }

  async lastSyncAt(): Promise<string> {
    return (await statusOf(this.page, this.root)).repositories[0]?.lastSync?.startedAt ?? "";
  }

  async #syncAfter(before: string): Promise<RepositoryStatus> {
    for (const end = performance.now() + 30_000; ; await sleep(50)) {
      const found = await statusOf(this.page, this.root).catch(() => null);
      const repository = found?.repositories[0];
      const startedAt = repository?.lastSync?.startedAt ?? "";
      if (repository && repository.state !== "syncing" && startedAt > before) return repository;
      if (performance.now() > end) throw new Error(`the sync does not end: ${JSON.stringify(repository)}`);
    }
  }

  /** Where the answers differ from that state's. */
  async differences({ answers }: State): Promise<string[]> {
    return differences(await answersOf(this.page, this.root, [...answers.keys()]), answers);
  }

  /** Asks for the files of the small state again and again while `work` runs, and counts what is neither right nor 503. */
  async whileAsking(work: () => Promise<void>): Promise<{ right: number; notReady: number; wrong: string[] }> {
    const paths = [...this.small.answers.keys()];
    const found = { right: 0, notReady: 0, wrong: [] as string[] };
    let asking = true;
    const ask = async () => {
      for (let i = 0; asking; i += 10) {
        const part = Array.from({ length: 10 }, (_, k) => paths[(i + k) % paths.length]!);
        const answers = await answersOf(this.page, this.root, part, 2);
        for (const [path, answer] of answers) {
          const hash = (text: string | undefined) => text?.split(" ").at(-1);
          if (answer.startsWith("503 ")) found.notReady++;
          // While it is cloned again it comes from the clone.
          else if (answer.startsWith("200 ") && hash(answer) === hash(this.small.answers.get(path))) found.right++;
          else found.wrong.push(`${path}: ${answer}`);
        }
      }
    };
    const asked = ask();
    try {
      await work();
    } finally {
      asking = false;
      await asked;
    }
    return found;
  }
}
