import type { TestPage } from "../browsers/browser.ts";

/** Commit and number of packs of the snapshot that the pointer names. */
export function servedSnapshot(page: Pick<TestPage, "evaluate">): Promise<{ commit: string; packs: number } | null> {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open(`opam-web-mirror${new URL(".", location.href).pathname}`);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const stores = database.transaction(["repositories", "snapshots"]);
          const pointer = stores.objectStore("repositories").get("default");
          pointer.onsuccess = () => {
            const record = stores.objectStore("snapshots").get(pointer.result?.snapshot ?? "");
            record.onsuccess = () => {
              database.close();
              const found = record.result as { commit: string; packs: string[] } | undefined;
              resolve(found === undefined ? null : { commit: found.commit, packs: found.packs.length });
            };
          };
        };
      }),
  );
}
