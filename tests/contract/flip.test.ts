import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { openNodeMirror } from "../support/node-mirror.ts";

/** A store whose reads of one kind can be held back. */
class HeldStore {
  readonly store: Store;
  /** Id of a snapshot that is gone. */
  lost: string | null = null;
  readonly #held = new Map<"repository" | "snapshot", Promise<void>>();

  constructor(store: Store) {
    const through = async <T>(kind: "repository" | "snapshot", read: () => Promise<T>): Promise<T> => {
      await this.#held.get(kind);
      return read();
    };
    this.store = {
      ...store,
      repository: (name) => through("repository", () => store.repository(name)),
      snapshot: (id) => through("snapshot", async () => (id === this.lost ? undefined : store.snapshot(id))),
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
  it("the one before answers until the pointer can be read and what was announced is open; nobody waits for either", async () => {
    const { mirror, held, snapshots, commit, first, second } = await published();
    const read = held.hold("repository");
    await beyondTrust();
    expect(await commit()).toBe(first);
    const opened = held.hold("snapshot");
    const moved = snapshots.moved("default");
    read();
    await beyondTrust();
    expect(await commit()).toBe(first);
    opened();
    await moved;
    expect(await commit()).toBe(second);
    await mirror.close();
  });

  it("the one before answers no more when its pointer has moved unannounced", async () => {
    const { mirror, held, commit, second } = await published();
    await beyondTrust();
    const opened = held.hold("snapshot");
    const answers = [commit(), commit()];
    await beyondTrust();
    answers.push(commit());
    opened();
    expect(await Promise.all(answers)).toEqual([second, second, second]);
    await mirror.close();
  });

  it("a pointer that was not read for a second is waited for", async () => {
    const { mirror, held, commit, second } = await published();
    const read = held.hold("repository");
    await new Promise((resolve) => setTimeout(resolve, 1050));
    const answer = commit();
    expect(await Promise.race([answer, beyondTrust()])).toBeUndefined();
    read();
    expect(await answer).toBe(second);
    await mirror.close();
  });

  it("an announced one that is damaged is found by who asks next", async () => {
    const { mirror, held, snapshots } = await published();
    held.lost = (await mirror.store.repository("default"))!.snapshot;
    await snapshots.moved("default");
    await expect(snapshots.current("default")).rejects.toMatchObject({ code: "store-lost" });
    expect((await mirror.store.repository("default"))!.damage).toMatchObject({ snapshot: held.lost });
    await mirror.close();
  });

  it("a reader that trusts nothing answers from the new one at once", async () => {
    const { mirror, first, second } = await published();
    expect(second).not.toBe(first);
    expect((await mirror.snapshots.current("default"))!.record.commit).toBe(second);
    await mirror.close();
  });
});

/** The first commit is open in a reader, and the second has been published since. */
async function published() {
  const [first, second] = remote.source.commits;
  await remote.follow(first!);
  const mirror = await openNodeMirror({ remote: remote.url });
  await mirror.sync();
  const held = new HeldStore(mirror.store);
  const snapshots = new SnapshotReader(held.store, { trustMs });
  const commit = async () => (await snapshots.current("default"))!.record.commit;
  expect([await commit(), (await mirror.snapshots.current("default"))!.record.commit]).toEqual([first, first]);
  await remote.follow(second!);
  await mirror.sync();
  return { mirror, held, snapshots, commit, first: first!, second: second! };
}
