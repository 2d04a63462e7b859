import { MirrorError } from "../core/errors.ts";
import { isArchive } from "../core/opam/archive-sources.ts";
import { type ArchiveDownloadDeps, type ArchiveReceiver, downloadArchive } from "../serve/archive-download.ts";
import { archivePlaces } from "../serve/archive-places.ts";
import { evictingWriter } from "../store/eviction.ts";
import { schemaVersion } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { KeeperHost } from "../sync/keeper.ts";
import type { WantedArchive } from "../sync/wanted-archives.ts";

export interface KeptDownloadHost extends ArchiveDownloadDeps {
  readonly store: Store;
}

type Kept = Awaited<ReturnType<KeeperHost["download"]>>;

/**
 * Fetches archives from where the service worker does, into the store while they arrive. They are archives of it once all their digests
 * match.
 */
export function keptDownload(host: KeptDownloadHost): KeeperHost["download"] {
  return async (item, progress, signal) => {
    const found = await stored(host.store, item);
    if (found !== null) return found;
    const tried: string[] = [];
    let mismatch: MirrorError | null = null;
    for (const place of archivePlaces(host.base, item.checksum, { ...item, mirrors: [] })) {
      // Given up while the store was asked: no event tells of it any more.
      signal.throwIfAborted();
      try {
        return await fetched(host, item, place, progress, signal);
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof MirrorError)) throw thrown;
        if (thrown.code === "archive-mismatch") mismatch = thrown;
        else if (thrown.code !== "archive-unavailable") throw thrown;
        // What the gateway says of its sources tells more than why a browser may not ask them: it comes last.
        else tried.unshift(...(thrown.data as { tried: string[] }).tried);
      }
    }
    throw mismatch ?? new MirrorError("archive-unavailable", { checksum: item.key, tried });
  };
}

async function fetched(
  host: KeptDownloadHost,
  item: WantedArchive,
  place: ReturnType<typeof archivePlaces>[number],
  progress: (bytes: number, totalBytes: number | null) => void,
  signal: AbortSignal,
): Promise<Kept> {
  const writer = evictingWriter(host.store);
  let total: number | null = null;
  const receiver: ArchiveReceiver = {
    expect: (size) => {
      total = size;
    },
    write: async (bytes) => {
      await writer.write(bytes);
      progress(writer.size, total);
    },
  };
  try {
    const digests = await downloadArchive(host, place, item.key, receiver, signal);
    if (!isArchive(item, digests)) {
      throw new MirrorError("archive-mismatch", { checksum: item.key, source: place.name });
    }
    signal.throwIfAborted();
    const now = host.clock.wall();
    const { size } = writer;
    const known = { schema: schemaVersion, ...digests, size, type: "application/octet-stream", urls: [place.url] };
    await writer.commit({ ...known, lastUse: now, pinned: true, verifiedAt: now });
    return { sha256: digests.sha256, size };
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
}

/** What came into the store since it was looked for, or is in it under another checksum. */
async function stored(
  store: Store,
  { alternatives, checksum: { algorithm, hex } }: WantedArchive,
): Promise<Kept | null> {
  const listed = alternatives.flat().find((checksum) => checksum.algorithm === "sha256")?.hex;
  const candidates =
    listed !== undefined
      ? [listed]
      : algorithm === "sha256"
        ? [hex]
        : await store.archivesWith(algorithm, hex).catch(() => []);
  for (const sha256 of candidates) {
    const record = (await store.archive(sha256).catch(() => undefined))?.record;
    if (record !== undefined && isArchive({ alternatives, urls: [], weak: false }, record)) return record;
  }
  return null;
}
