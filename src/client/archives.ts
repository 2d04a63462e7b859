import { MirrorError } from "../core/errors.ts";
import type { StoredArchiveEntry } from "../protocol/archives.ts";
import type { KeepingOrder, KeepingStatus, VerifyReport } from "../protocol/keeping.ts";
import { type Broadcast, protocolVersion } from "../protocol/messages.ts";
import type { LeaderOrders } from "./leader-orders.ts";
import type { MirrorArchives } from "./mirror-interface.ts";

const protocol = protocolVersion;

/** What a page says to the tab that leads of the archives that are kept, and hears of them. */
export class KeptArchives implements MirrorArchives {
  readonly #tell: (message: Broadcast) => void;
  readonly #orders: LeaderOrders;
  readonly list: () => Promise<readonly StoredArchiveEntry[]>;
  readonly #listeners: Set<(status: KeepingStatus) => void> = new Set();
  #status: KeepingStatus | null = null;

  constructor(
    tell: (message: Broadcast) => void,
    orders: LeaderOrders,
    list: () => Promise<readonly StoredArchiveEntry[]>,
  ) {
    this.list = list;
    this.#tell = tell;
    this.#orders = orders;
  }

  get status(): KeepingStatus | null {
    return this.#status;
  }

  subscribe(listener: (status: KeepingStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  heard(message: Broadcast): void {
    if (message.type !== "keeping") return;
    this.#status = message.keeping;
    for (const listener of this.#listeners) listener(message.keeping);
  }

  async keep(what: readonly string[], repository = "default"): Promise<void> {
    await this.#order({ type: "keep", repository, what });
  }

  async release(what: readonly string[], repository = "default"): Promise<void> {
    await this.#order({ type: "release", repository, what });
  }

  async pause(): Promise<void> {
    await this.#order({ type: "pause" });
  }

  async resume(): Promise<void> {
    await this.#order({ type: "resume" });
  }

  async retry(): Promise<void> {
    await this.#order({ type: "retry" });
  }

  async limit(bytes: number | null): Promise<void> {
    await this.#order({ type: "limit", bytes });
  }

  async remove(checksum: string): Promise<void> {
    await this.#order({ type: "remove", checksum: checksum.replace(/^sha256=/, "") });
  }

  async verify(): Promise<VerifyReport> {
    const report = await this.#order({ type: "verify" });
    if (report === null) throw new MirrorError("internal", { reason: "archives were verified without a report" });
    return report;
  }

  #order(order: KeepingOrder): Promise<VerifyReport | null> {
    return this.#orders.give("The order about archives", (id) =>
      this.#tell({ type: "keeping-order", protocol, id, order }),
    );
  }
}
