import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readContainer } from "./files-container.ts";
import { fileName, type StoreFolder } from "./files-folder.ts";
import { usableRecord } from "./record-schema.ts";
import type { SnapshotRecord } from "./records.ts";

/**
 * Deletes what no pointer and no entry of `keep` names, and what a commit or a removal of an archive has left that did not come to its
 * end; to be called exclusively. Readers that hold a deleted file go on reading it.
 * Snapshots go last: until then they are what names their packs.
 */
export async function collectFiles(
  folder: StoreFolder,
  keep: ReadonlySet<string>,
): Promise<{ snapshots: number; packs: number; tarballs: number }> {
  // A record of a later version names something that this version cannot know: `repositories` throws, and nothing is deleted.
  const pointers = folder.repositories().flatMap(({ snapshot }) => snapshot ?? []);
  const snapshots = new Set<string>();
  const packs = new Set<string>();
  const trees = new Set<string>();
  for (const id of new Set([...pointers, ...keep])) {
    snapshots.add(fileName(id));
    const found = await readContainer<SnapshotRecord>(`snapshot ${id}`, folder.path("snapshots", id));
    const snapshot = usableRecord(found?.record);
    for (const key of snapshot?.packs ?? []) packs.add(fileName(key));
    if (snapshot !== undefined) trees.add(fileName(snapshot.tree));
  }
  const sweep = async (name: string, isNamed: (file: string) => boolean): Promise<string[]> => {
    const doomed = (await readdir(join(folder.root, name))).filter((file) => !isNamed(file));
    for (const file of doomed) await rm(join(folder.root, name, file), { force: true });
    return doomed;
  };
  const tarballs = await sweep("tarballs", (file) => snapshots.has(file));
  await sweep("archive-indexes", (file) => trees.has(file));
  await sweepArchives(folder);
  const sweptPacks = await sweep("packs", (file) => packs.has(file.replace(/\.(pack|idx)$/, "")));
  const sweptSnapshots = await sweep("snapshots", (file) => snapshots.has(file));
  return {
    tarballs: tarballs.length,
    packs: sweptPacks.filter((file) => file.endsWith(".pack")).length,
    snapshots: sweptSnapshots.length,
  };
}

/** Bytes need a record, and a record bytes. */
async function sweepArchives(folder: StoreFolder): Promise<void> {
  const [archives, records] = await Promise.all(
    ["archives", "archive-records"].map(async (name) => new Set(await readdir(join(folder.root, name)))),
  );
  if (archives === undefined || records === undefined) return;
  for (const name of archives)
    if (!records.has(name)) await rm(join(folder.root, "archives", name), { recursive: true, force: true });
  for (const name of records) {
    if (archives.has(name)) continue;
    await rm(join(folder.root, "archive-records", name), { recursive: true, force: true });
    (await folder.archives)?.delete(name);
  }
}
