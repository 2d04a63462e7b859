import "fake-indexeddb/auto";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { databaseVersion } from "../../src/store/indexeddb-schema.ts";
import { schemaVersion } from "../../src/store/records.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";
import { type DatabaseDump, restoreDatabase } from "../fixtures/database-dump.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { fixtureRepository, type StoreFixture } from "../fixtures/store-schema.ts";
import { type HostileServer, startHostileServer } from "../support/forge/hostile-replies.ts";
import { nodeSlice, openNodeMirror } from "../support/node-mirror.ts";
import { changeRecords } from "../support/raw-database.ts";

const fixtures = new URL("../fixtures/store-schema/", import.meta.url);
const released = await Promise.all(
  (await readdir(fixtures)).sort().map(async (name) => {
    const fixture = JSON.parse(await readFile(new URL(name, fixtures), "utf8")) as StoreFixture;
    return [name, fixture] as const;
  }),
);

let folder: string;
let gitDir: string;
let server: HostileServer;
let opened = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-schema-"));
  gitDir = join(folder, "remote.git");
  await copyRepository((await makeOpamRepository(fixtureRepository)).gitDir, gitDir);
  server = await startHostileServer(gitDir);
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function restored(dump: DatabaseDump): Promise<{ readonly store: Store; readonly database: string }> {
  const names = scopeNames(`/schema/${opened++}/`);
  await restoreDatabase(indexedDB, names.database, dump);
  return { store: await openIndexedDbStore(names, { clock: systemClock }), database: names.database };
}

async function servedFiles(store: Store): Promise<Record<string, string>> {
  const snapshot = (await new SnapshotReader(store).current("default"))!;
  const files: Record<string, string> = {};
  await snapshot.visit("", nodeSlice(), (path) => {
    files[path] = snapshot.oid(path)!;
  });
  return files;
}

it("every schema so far has a fixture", () => {
  expect(released.map(([, { schema }]) => schema)).toEqual(Array.from({ length: schemaVersion }, (_, i) => i + 1));
});

describe.each(released)("%s", (_name, fixture) => {
  it("serves what it served", async () => {
    const { store } = await restored(fixture.database);
    expect(await servedFiles(store)).toEqual(fixture.files);
    const { record } = (await new SnapshotReader(store).current("default"))!;
    const { commit, packages, versions } = fixture;
    expect({ commit: record.commit, packages: record.packages, versions: record.versions }).toEqual({
      commit,
      packages,
      versions,
    });
    const tarball = (await store.tarball(record.id))!;
    const bytes = Buffer.from(await tarball.bytes.arrayBuffer());
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(tarball.sha256);
    const archive = (await store.archive(fixture.archive.sha256))!;
    expect(archive.record.size).toBe(fixture.archive.size);
    const read = await archive.read(0, 1_000);
    expect(createHash("sha256").update(read).digest("hex")).toBe(fixture.archive.sha256);
    for (const algorithm of ["md5", "sha512"] as const) {
      const hex = createHash(algorithm).update(read).digest("hex");
      expect(await store.archivesWith(algorithm, hex)).toEqual([fixture.archive.sha256]);
    }
    await store.changeArchive(fixture.archive.sha256, { pinned: true });
    expect((await store.archive(fixture.archive.sha256))!.record.pinned).toBe(true);
    expect(await (await store.archive(fixture.archive.sha256))!.read(0, 1_000)).toEqual(read);
    expect(await store.archiveTotals()).toEqual({ stored: 1, storedBytes: fixture.archive.size });
    await store.close();
  });

  it("is built upon by an update, and collected", async () => {
    const { store } = await restored(fixture.database);
    const mirror = await openNodeMirror({ remote: server.url, store });
    const status = await mirror.sync();
    expect(status.lastSync?.error).toBeNull();
    const commit = (await git(["rev-parse", "refs/heads/master"], { gitDir })).trim();
    expect(status.commit).toBe(commit);
    expect(commit).not.toBe(fixture.commit);
    const changed = Object.entries(await servedFiles(store)).filter(([path, oid]) => fixture.files[path] !== oid);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThanOrEqual(status.lastSync!.changedFiles);
    const { updates } = (await new SnapshotReader(store).current("default"))!.record;
    expect(updates[0]).toMatchObject({ before: fixture.commit, commit });
    expect(updates.length).toBe(fixture.schema < 2 ? 1 : 2);
    await mirror.engine.rest("default");
    await store.collect(new Set());
    expect(await store.archiveTotals()).toMatchObject({ stored: 1 });
    expect(Object.keys(await servedFiles(store)).length).toBeGreaterThan(0);
    await mirror.close();
  });

  it("of which something is damaged is found out as ever", async () => {
    const { store, database } = await restored(fixture.database);
    await changeRecords(database, "snapshots", async (record) => ({ ...record, branch: "another" }));
    await expect(new SnapshotReader(store).current("default")).rejects.toMatchObject({ code: "store-lost" });
    await store.close();
  });
});

describe("a later version", () => {
  const [, fixture] = released.at(-1)!;

  it("of the database is left alone", async () => {
    const names = scopeNames(`/schema/${opened++}/`);
    await restoreDatabase(indexedDB, names.database, { ...fixture.database, version: databaseVersion + 1 });
    await expect(openIndexedDbStore(names, { clock: systemClock })).rejects.toMatchObject({ code: "store-newer" });
  });

  it.each(["repositories", "snapshots", "tarballs", "archives"])("of a record is left alone: %s", async (name) => {
    const { store, database } = await restored(fixture.database);
    const { record } = (await new SnapshotReader(store).current("default"))!;
    await changeRecords(database, name, async (one) => ({ ...one, schema: schemaVersion + 1 }));
    const reads = {
      repositories: () => store.repository("default"),
      snapshots: () => store.snapshot(record.id),
      tarballs: () => store.tarball(record.id),
      archives: () => store.archive(fixture.archive.sha256),
    } as Record<string, () => Promise<unknown>>;
    const newer = { code: "store-newer", data: { found: schemaVersion + 1, known: schemaVersion } };
    await expect(reads[name]!()).rejects.toMatchObject(newer);
    if (name === "repositories" || name === "snapshots") {
      await expect(openNodeMirror({ remote: server.url, store })).rejects.toMatchObject(newer);
      await expect(store.collect(new Set())).rejects.toMatchObject(newer);
    }
    await store.close();
  });
});
