import LightningFS from "@isomorphic-git/lightning-fs";
import type { GitFilesSystem } from "./git-files-system.ts";
import type { GitFiles } from "./store.ts";

type Promises = LightningFS.PromisifiedFS;
type InitOptions = LightningFS.Options & { readonly backend?: object };

/**
 * LightningFS over the store's GitFiles, with an end. Left to itself it holds an exclusive Web Lock until 500 ms after its
 * last operation and saves its directory on a timer that steady writing postpones; and a save that fails on that timer is
 * an unhandled rejection that keeps the lock for ever. Here a failure to save waits for `close`, which saves first.
 */
export class LightningGitFiles {
  readonly files: GitFilesSystem;
  readonly #promises: Promises;
  /** The failure of the latest save, until a later one succeeds. */
  #failure: { readonly thrown: unknown } | null = null;
  /** The failure after which LightningFS went idle and forgot what it could not save. */
  #lost: { readonly thrown: unknown } | null = null;

  private constructor(promises: Promises) {
    this.#promises = promises;
    this.files = promises as unknown as GitFilesSystem;
  }

  static async open(files: GitFiles, name: string): Promise<LightningGitFiles> {
    const opened = new LightningGitFiles(new LightningFS().promises);
    const db = {
      saveSuperblock: async (superblock: unknown) => {
        try {
          await files.saveSuperblock(superblock);
          opened.#failure = null;
        } catch (thrown) {
          opened.#failure = { thrown };
        }
      },
      loadSuperblock: () => files.loadSuperblock(),
      readFile: (inode: number) => files.readFile(inode),
      writeFile: (inode: number, data: Uint8Array) => files.writeFile(inode, data),
      unlink: (inode: number) => files.unlink(inode),
      wipe: () => files.wipe(),
      close: async () => {
        opened.#lost ??= opened.#failure;
        await files.close();
      },
    };
    // `defer`: otherwise construction starts an operation of its own, whose failure is only logged.
    await opened.#init(name, { db: db as unknown as LightningFS.IDB, defer: true });
    return opened;
  }

  /** Saves the directory and releases the lock. Throws what saving threw, when something was lost by it. No operation may follow. */
  async close(): Promise<void> {
    await this.#promises.flush();
    // Initialising on another backend is LightningFS's one public way to let go of the lock now.
    await this.#init("closed", { backend: {}, defer: true });
    if (this.#lost) throw this.#lost.thrown;
  }

  async #init(name: string, options: InitOptions): Promise<void> {
    await (this.#promises.init(name, options as LightningFS.Options) as unknown as Promise<void>);
  }
}
