import type { GitFiles, PackWriter, Store } from "../../../src/store/store.ts";
import type { Stop } from "./kill-steps.ts";

/** Rounds of requests after which everything that a transaction's body asks for, one by one, has been asked for. */
const rounds = 50;
const gitFilesStep = "save Git files";

/** Names the steps by which a store is changed, and holds the sync for ever at one of them. */
export class StoppedStore {
  readonly store: Store;
  /** First part of the names of the steps that follow. */
  phase = "start";
  readonly steps: string[] = [];
  /** The step that the sync is to be held at has begun. */
  holding = false;
  readonly #stop: Stop | null;
  readonly #reached: (step: string) => void;

  constructor(store: Store, stop: Stop | null, reached: (step: string) => void) {
    this.#stop = stop;
    this.#reached = reached;
    this.store = {
      ...store,
      configure: (config) => this.#step("configure", () => store.configure(config)),
      takeEpoch: (name) => this.#step("take epoch", () => store.takeEpoch(name)),
      saveLastSync: (...args) => this.#step("save last sync", () => store.saveLastSync(...args)),
      saveDamage: (...args) => this.#step("save damage", () => store.saveDamage(...args)),
      publish: (...args) => this.#step("publish", () => store.publish(...args)),
      packWriter: () => this.#packWriter(store.packWriter()),
      saveTarball: (record) => this.#step("save index.tar.gz", () => store.saveTarball(record)),
      saveArchiveIndex: (record) => this.#step("save archive index", () => store.saveArchiveIndex(record)),
      collect: (keep) => this.#step("collect", () => store.collect(keep)),
      gitFiles: (repository) => this.#gitFiles(store.gitFiles(repository)),
    };
  }

  /** Bytes reach the database with `commit` only. */
  #packWriter(writer: PackWriter): PackWriter {
    return { ...writer, commit: (key, idx) => this.#step("commit pack", () => writer.commit(key, idx)) };
  }

  /** Files reach the database with the directory that names them. */
  #gitFiles(files: GitFiles): GitFiles {
    return {
      ...files,
      saveSuperblock: (superblock) => this.#step(gitFilesStep, () => files.saveSuperblock(superblock)),
      wipe: () => this.#step("wipe Git files", () => files.wipe()),
    };
  }

  async #step<T>(what: string, run: () => Promise<T>): Promise<T> {
    const name = `${this.phase}: ${what}`;
    const repeated = this.steps.includes(name);
    // How often LightningFS saves depends on its timers.
    if (repeated && what === gitFilesStep) return run();
    const step = repeated ? `${name} again` : name;
    this.steps.push(step);
    if (this.#stop?.step !== step) return run();
    this.holding = true;
    const reached = () => this.#reached(step);
    if (this.#stop.moment === "within") holdNextTransaction(reached);
    const running = run();
    if (this.#stop.moment === "issued") reached();
    if (this.#stop.moment === "after") await running.then(reached);
    else running.catch(() => undefined);
    return new Promise<never>(() => undefined);
  }
}

/** The transaction of the next write is kept from ending by one request after the other, after all of its writes were asked for. */
function holdNextTransaction(held: () => void): void {
  let holding = false;
  const hold = (store: IDBObjectStore) => {
    if (holding) return;
    holding = true;
    let round = 0;
    const again = () => {
      if (++round === rounds) held();
      store.count().onsuccess = again;
    };
    again();
  };
  const prototype = IDBObjectStore.prototype;
  const { put, delete: remove } = prototype;
  prototype.put = function (...args) {
    const request = put.apply(this, args);
    hold(this);
    return request;
  };
  prototype.delete = function (...args) {
    const request = remove.apply(this, args);
    hold(this);
    return request;
  };
}
