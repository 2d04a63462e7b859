import { readdir, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { MirrorError } from "../core/errors.ts";
import { parsed } from "./files-container.ts";
import { makeFolder, pendingFolder, replaceFile } from "./files-durable.ts";
import { errorCode } from "./files-failure.ts";
import { type FolderLock, lockFolder } from "./files-lock.ts";
import { usableRecord } from "./record-schema.ts";
import type { ArchiveRecord, RepositoryRecord } from "./records.ts";

/** Version of the layout of the folder; records carry their own. */
const layoutVersion = 1;
const folders = [
  "repositories",
  "snapshots",
  "packs",
  "tarballs",
  "archive-indexes",
  "archives",
  "archive-records",
  "git",
  "notes",
  pendingFolder,
];

/**
 * The folder of a store, held by this process alone. Pointers and epochs are kept in memory beside their files: nobody else writes them,
 * and a request must not wait for the disk to learn what is served.
 */
export class StoreFolder {
  readonly root: string;
  readonly #repositories: Map<string, RepositoryRecord>;
  /** Records of stored archives by sha256, once they were asked for. */
  archives: Promise<Map<string, ArchiveRecord>> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(root: string, repositories: Map<string, RepositoryRecord>) {
    this.root = root;
    this.#repositories = repositories;
  }

  /** `forget`: what was stored before counts for nothing, and is collected. */
  static async load(root: string, forget: boolean): Promise<StoreFolder> {
    for (const name of folders) await makeFolder(join(root, name));
    // What a killed process had not finished.
    for (const name of await readdir(join(root, pendingFolder)))
      await rm(join(root, pendingFolder, name), { force: true });
    await checkLayout(root);
    const repositories = new Map<string, RepositoryRecord>();
    for (const file of await readdir(join(root, "repositories"))) {
      if (forget) {
        await rm(join(root, "repositories", file), { force: true });
        continue;
      }
      const record = parsed(await readFile(join(root, "repositories", file))) as RepositoryRecord | undefined;
      if (typeof record?.name === "string" && fileName(record.name) === file) repositories.set(record.name, record);
    }
    return new StoreFolder(root, repositories);
  }

  path(folder: string, id: string, ending = ""): string {
    return join(this.root, folder, fileName(id) + ending);
  }

  /** Throws `store-newer`. */
  repository(name: string): RepositoryRecord | undefined {
    return usableRecord(this.#repositories.get(name));
  }

  repositories(): RepositoryRecord[] {
    return [...this.#repositories.values()].map(usableRecord).filter((record) => record !== undefined);
  }

  async saveRepository(record: RepositoryRecord, durable: boolean): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
    await replaceFile(this.root, this.path("repositories", record.name), [bytes], durable);
    this.#repositories.set(record.name, record);
  }

  /** Runs one after the other what must not come between each other's reads and writes. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** A file name for any id: no separators, no leading dot, not too long. Different ids have different names. */
export function fileName(id: string): string {
  const name = encodeURIComponent(id).replace(/^\./, "%2E");
  if (name.length > 240) throw new RangeError(`an id of ${id.length} characters`);
  return name;
}

async function checkLayout(root: string): Promise<void> {
  const path = join(root, "layout");
  const found = await readFile(path).then(
    (bytes) => (parsed(bytes) as { version?: unknown } | undefined)?.version,
    (thrown: unknown) => {
      if (errorCode(thrown) !== "ENOENT") throw thrown;
    },
  );
  if (typeof found === "number" && found > layoutVersion)
    throw new MirrorError("store-newer", { found, known: layoutVersion });
  if (found !== layoutVersion) {
    const text = `${JSON.stringify({ store: "opam-web-mirror", version: layoutVersion })}\n`;
    await replaceFile(root, path, [new TextEncoder().encode(text)], true);
  }
}

interface Held {
  readonly folder: StoreFolder;
  readonly lock: FolderLock;
}

interface Use {
  readonly held: Promise<Held>;
  users: number;
  released: Promise<void> | null;
}

const inUse = new Map<string, Use>();

/** The folder, locked for this process; stores that are opened on one folder share it. Throws FolderInUse, `store-newer`. */
export async function holdFolder(
  folder: string,
  forget: boolean,
): Promise<{ folder: StoreFolder; release(): Promise<void> }> {
  await makeFolder(folder);
  const root = await realpath(folder);
  let use = inUse.get(root);
  while (use?.released) {
    await use.released;
    use = inUse.get(root);
  }
  if (use === undefined) {
    use = { held: lockAndLoad(root, forget), users: 0, released: null };
    inUse.set(root, use);
  }
  const using = use;
  using.users++;
  const release = async () => {
    if (--using.users > 0) return;
    using.released = using.held
      .then(({ lock }) => lock.release())
      .catch(() => undefined)
      .then(() => void inUse.delete(root));
    await using.released;
  };
  try {
    return { folder: (await using.held).folder, release };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

async function lockAndLoad(root: string, forget: boolean): Promise<Held> {
  const lock = await lockFolder(root);
  try {
    return { folder: await StoreFolder.load(root, forget), lock };
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}
