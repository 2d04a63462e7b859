import { MirrorError } from "../core/errors.ts";
import { httpDate } from "../core/http/date.ts";
import { type RepoFacts, servedRepoFile } from "../store/served-repo-file.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import { bytesDigest } from "./blob-digest.ts";
import type { HandlerDeps } from "./ports.ts";
import { type Entity, textType } from "./respond.ts";
import type { Tarballs } from "./tarball.ts";

interface ServedRepo {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

/** Entities of a published snapshot. */
export class SnapshotFiles {
  readonly #deps: HandlerDeps;
  readonly #tarballs: Tarballs;
  readonly #repos = new WeakMap<Snapshot, Promise<ServedRepo>>();

  constructor(deps: HandlerDeps, tarballs: Tarballs) {
    this.#deps = deps;
    this.#tarballs = tarballs;
  }

  /** Throws `not-found`, `store-lost`, and for `index.tar.gz` `not-ready`. */
  async entity(snapshot: Snapshot, path: string, deadlineMs: number): Promise<Entity> {
    const common = {
      path,
      lastModified: httpDate(snapshot.record.committedAt),
      source: "snapshot",
      immutable: false,
    } as const;
    if (path === "repo") {
      const { bytes, sha256 } = await this.#repo(snapshot);
      return { ...common, etag: `"${sha256}"`, type: textType, body: async () => bytes };
    }
    if (path === "index.tar.gz") {
      const config = await this.#config(snapshot.record.repository);
      const { bytes, sha256 } = await this.#tarballs.of(snapshot, config, deadlineMs);
      return { ...common, etag: `"${sha256}"`, type: "application/gzip", body: async () => bytes };
    }
    const oid = snapshot.oid(path);
    if (oid === undefined) throw new MirrorError("not-found", { path });
    const body = async () => {
      const file = await snapshot.read(path);
      if (file === undefined) throw new MirrorError("store-lost", { reason: `the file ${path} is not readable` });
      return file.bytes;
    };
    return { ...common, etag: `"${oid}"`, type: textType, body };
  }

  #repo(snapshot: Snapshot): Promise<ServedRepo> {
    let repo = this.#repos.get(snapshot);
    if (repo === undefined) {
      repo = this.#makeRepo(snapshot);
      this.#repos.set(snapshot, repo);
      repo.catch(() => this.#repos.delete(snapshot));
    }
    return repo;
  }

  async #makeRepo(snapshot: Snapshot): Promise<ServedRepo> {
    const { bytes } = await servedRepoFile(snapshot, await this.#config(snapshot.record.repository));
    return { bytes, sha256: await bytesDigest(bytes, "sha256", this.#deps.slice()) };
  }

  async #config(repository: string): Promise<RepoFacts> {
    return (await this.#deps.store.repository(repository))?.config ?? { remote: "" };
  }
}
