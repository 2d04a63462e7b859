import type { ChecksumAlgorithm } from "../core/opam/checksum.ts";
import type { ArchiveCatalog } from "../serve/archive-catalog.ts";
import type { Archive, Archives as HandlerArchives } from "../serve/ports.ts";
import { FileBlob } from "../store/files-blob.ts";
import { OpenFile } from "../store/files-open.ts";
import type { Archives } from "./archives.ts";

/** The gateway's archives for the handler. The bytes are read through the very handle through which they were verified. */
export class MirrorArchives implements HandlerArchives {
  readonly #archives: Archives;
  readonly #catalog: Pick<ArchiveCatalog, "sourcesOf" | "ownFile">;

  constructor(archives: Archives, catalog: Pick<ArchiveCatalog, "sourcesOf" | "ownFile">) {
    this.#archives = archives;
    this.#catalog = catalog;
  }

  async get(repository: string, algorithm: ChecksumAlgorithm, hex: string): Promise<Archive> {
    const asked = { algorithm, hex };
    const known = await this.#catalog.sourcesOf(repository, asked);
    const own = known?.files === undefined ? null : await this.#catalog.ownFile(repository, asked, known);
    if (own !== null) return { body: own.bytes, sha256: own.sha256, source: "snapshot" };
    const { file, size, sha256, source } = await this.#archives.open(asked, repository);
    const opened = new OpenFile(`archive ${sha256}`, file, size);
    return { body: new FileBlob(opened, 0, size, "application/octet-stream"), sha256, source };
  }

  report(): { readonly active: readonly string[]; readonly failed: readonly string[] } {
    return this.#archives.report();
  }
}
