import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { openNodeMirror } from "../support/node-mirror.ts";

/** A store whose reads of one kind can be held back. */
class HeldStore {
  readonly store: Store;
  readonly #held = new Map<"repository" | "snapshot", Promise<void>>();

  constructor(store: Store) {
    const through = async <T>(kind: "repository" | "snapshot", read: () => Promise<T>): Promise<T> => {
      await this.#held.get(kind);
      return read();
    };
    this.store = {
      ...store,
      repository: (name) => through("repository", () => store.repository(name)),
      snapshot: (id) => through("snapshot", () => store.snapshot(id)),
    };
  }

  /** Until the returned function is called. */
  hold(kind: "repository" | "snapshot"): () => void {
    let release = () => {};
    this.#held.set(kind, new Promise((resolve) => (release = resolve)));
    return () => release();
  }
}

const trustMs = 20;
const beyondTrust = () => new Promise((resolve) => setTimeout(resolve, trustMs + 5));

let remote: MovingRemote;

beforeAll(async () => {
  remote = await movingRemote({ versions: 40, commits: 3, seed: "flip" });
});

afterAll(() => remote[Symbol.asyncDispose]());

describe("while another snapshot is published", () => {
  it("the one before answers until the pointer was read and the new one is open; nobody waits for either", async () => {
    const [first, second] = remote.source.commits;
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url });
    await mirror.sync();
    const held = new HeldStore(mirror.store);
    const snapshots = new SnapshotReader(held.store, { trustMs });
    const commit = async () => (await snapshots.current("default"))!.record.commit;
    expect(await commit()).toBe(first);

    await remote.follow(second!);
    await mirror.sync();
    const pointerRead = held.hold("repository");
    await beyondTrust();
    expect(await commit()).toBe(first);
    const opened = held.hold("snapshot");
    pointerRead();
    await beyondTrust();
    expect(await commit()).toBe(first);
    const changed = snapshots.changed("default");
    expect(await commit()).toBe(first);
    opened();
    await changed;
    await expect.poll(commit).toBe(second);
    await mirror.close();
  });

  it("what was looked at longer ago than a second answers no more before it is looked at again", async () => {
    const [first, second] = remote.source.commits;
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url });
    await mirror.sync();
    const snapshots = new SnapshotReader(mirror.store, { trustMs });
    await snapshots.current("default");
    await remote.follow(second!);
    await mirror.sync();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await snapshots.current("default"))!.record.commit).toBe(second);
    await mirror.close();
  });

  it("a reader that trusts nothing answers from the new one at once", async () => {
    const [first, second] = remote.source.commits;
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url });
    await mirror.sync();
    expect((await mirror.snapshots.current("default"))!.record.commit).toBe(first);
    await remote.follow(second!);
    await mirror.sync();
    expect((await mirror.snapshots.current("default"))!.record.commit).toBe(second);
    await mirror.close();
  });
});
