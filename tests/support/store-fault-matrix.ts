import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";
import { type DatabaseDump, dumpDatabase, restoreDatabase } from "../fixtures/database-dump.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { lsTree } from "../fixtures/git-oracle.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { type FailurePlan, failIndexedDb } from "./failing-indexeddb.ts";
import { type HostileServer, startHostileServer } from "./forge/hostile-replies.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "./node-mirror.ts";

export const phases = ["first sync", "update", "compaction"] as const;
export type Phase = (typeof phases)[number];

const repository = { versions: 24, commits: 13, seed: "fault-matrix" };
/** Updates before the one that makes a compaction due. */
const updatesBefore = 10;

/** Every storage operation of a first sync, an update and a compaction, each failing in turn (reliability: storage). */
export class StoreFaultMatrix {
  readonly #folder: string;
  readonly #gitDir: string;
  readonly #commits: readonly string[];
  readonly #server: HostileServer;
  /** What the phase before has left, with its commit. */
  readonly #before = new Map<Phase, DatabaseDump>();
  readonly #expected = new Map<string, string>();
  #opened = 0;

  private constructor(folder: string, gitDir: string, commits: readonly string[], server: HostileServer) {
    this.#folder = folder;
    this.#gitDir = gitDir;
    this.#commits = commits;
    this.#server = server;
  }

  static async open(): Promise<StoreFaultMatrix> {
    const folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-faults-"));
    const source = await makeOpamRepository(repository);
    const gitDir = join(folder, "remote.git");
    await copyRepository(source.gitDir, gitDir);
    const matrix = new StoreFaultMatrix(folder, gitDir, source.commits, await startHostileServer(gitDir));
    const names = scopeNames("/fault-matrix/prepared/");
    const mirror = await matrix.#mirror(await openIndexedDbStore(names, { clock: systemClock }));
    for (let i = 0; i <= updatesBefore; i++) {
      await matrix.#follow(i);
      await expectGood(mirror);
      if (i === 0) matrix.#before.set("update", await dumpDatabase(indexedDB, names.database));
    }
    matrix.#before.set("compaction", await dumpDatabase(indexedDB, names.database));
    await mirror.close();
    return matrix;
  }

  async close(): Promise<void> {
    await this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** How many operations a phase has when nothing fails. */
  async operations(phase: Phase): Promise<number> {
    return (await this.run(phase, null)).operations;
  }

  /**
   * Runs a phase under a failure and says what is wrong with the outcome: it must be the old or the new snapshot, whole; the next sync must
   * succeed; and then nothing but the new snapshot may be left.
   */
  async run(
    phase: Phase,
    plan: FailurePlan | null,
  ): Promise<{ readonly operations: number; readonly wrong: string[] }> {
    const names = scopeNames(`/fault-matrix/${this.#opened++}/`);
    const [from, to] =
      phase === "first sync" ? [null, 0] : phase === "update" ? [0, 1] : [updatesBefore, updatesBefore + 1];
    const before = this.#before.get(phase);
    if (before !== undefined) await restoreDatabase(indexedDB, names.database, before);
    await this.#follow(to);
    const wrong: string[] = [];
    const store = await openIndexedDbStore(names, { clock: systemClock });
    const mirror = await this.#mirror(store);
    const failing = failIndexedDb(plan);
    let error: string | null;
    try {
      error = (await mirror.sync()).lastSync?.error?.code ?? null;
      await mirror.engine.rest("default");
    } finally {
      failing.heal();
    }
    if (error !== null && !error.startsWith("store-")) wrong.push(`the sync ended with ${error}`);
    if (plan === null && error !== null) wrong.push("the sync failed although nothing did");
    const after = await this.#served(store);
    const allowed = [from, to].map((i) => (i === null ? "nothing" : this.#commits[i]!));
    if (!allowed.includes(after)) wrong.push(`then it served ${after}`);
    const status = await mirror.sync();
    if (status.lastSync?.error) wrong.push(`the next sync ended with ${status.lastSync.error.code}`);
    await mirror.engine.rest("default");
    const last = await this.#served(store);
    if (last !== this.#commits[to]) wrong.push(`in the end it served ${last}`);
    await store.collect(new Set());
    const left = await this.#records(names.database);
    const { record } = (await new SnapshotReader(store).current("default"))!;
    const expected = { snapshots: 1, packs: record.packs.length, tarballs: 1 };
    if (JSON.stringify(left) !== JSON.stringify(expected)) wrong.push(`left are ${JSON.stringify(left)}`);
    if (phase === "compaction" && record.packs.length > 1) wrong.push("it was never compacted");
    await mirror.close();
    await new Promise((resolve) => {
      indexedDB.deleteDatabase(names.database).onsuccess = resolve;
    });
    return { operations: failing.operations(), wrong };
  }

  #follow(commit: number): Promise<string> {
    return git(["update-ref", "refs/heads/master", this.#commits[commit]!], { gitDir: this.#gitDir });
  }

  #mirror(store: Store): Promise<NodeMirror> {
    return openNodeMirror({ remote: this.#server.url, store });
  }

  /** The commit whose files are all served as Git has them, `nothing`, or what is wrong. */
  async #served(store: Store): Promise<string> {
    try {
      const snapshot = await new SnapshotReader(store).current("default");
      if (snapshot === null) return "nothing";
      const { commit } = snapshot.record;
      const served: string[] = [];
      await snapshot.visit("", nodeSlice(), (path) => void served.push(`${path} ${snapshot.oid(path)}`));
      return served.sort().join("\n") === (await this.#expectedFiles(commit))
        ? commit
        : `other files than ${commit} has`;
    } catch (thrown) {
      return String(thrown);
    }
  }

  async #expectedFiles(commit: string): Promise<string> {
    const known = this.#expected.get(commit);
    if (known !== undefined) return known;
    const files = [...(await lsTree(this.#gitDir, commit))].flatMap(([path, { oid }]) =>
      /^(packages\/|repo$|version$)/.test(path) ? [`${path} ${oid}`] : [],
    );
    const text = files.sort().join("\n");
    this.#expected.set(commit, text);
    return text;
  }

  async #records(database: string): Promise<{ snapshots: number; packs: number; tarballs: number }> {
    const { stores } = await dumpDatabase(indexedDB, database);
    const count = (name: string) => stores.find((one) => one.name === name)?.records.length ?? 0;
    return { snapshots: count("snapshots"), packs: count("packs"), tarballs: count("tarballs") };
  }
}

async function expectGood(mirror: NodeMirror): Promise<void> {
  const { lastSync } = await mirror.sync();
  if (lastSync === null || lastSync.error !== null) throw new Error(JSON.stringify(lastSync));
  await mirror.engine.rest("default");
}
