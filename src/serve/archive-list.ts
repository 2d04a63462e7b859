import type { ArchivesAnswer } from "../protocol/archives.ts";
import type { Store } from "../store/store.ts";

/** What `archives` answers. Throws what reading the store throws. */
export async function archivesAnswer(store: Pick<Store, "archiveRecords">): Promise<ArchivesAnswer> {
  const records = await store.archiveRecords();
  return {
    archives: records.map(({ sha256, md5, sha512, size, urls, pinned, lastUse, verifiedAt }) => ({
      ...{ sha256, md5, sha512, size, urls, pinned },
      lastUse: new Date(lastUse).toISOString(),
      verifiedAt: new Date(verifiedAt).toISOString(),
    })),
  };
}
