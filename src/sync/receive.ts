import { Channel } from "../core/cooperation/channel.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { PackReader } from "../core/git/pack-reader.ts";
import { createDigest } from "../platform/digest.ts";
import { sha1OfWhole } from "../platform/sha1.ts";
import type { Remote } from "./discover.ts";
import { fetchPack, type Wanted } from "./fetch-pack.ts";
import type { SyncHost } from "./host.ts";
import type { StoredBases } from "./stored-bases.ts";

export interface ReceiveHandlers {
  /** The reader, before its first byte. */
  begun(reader: PackReader): void;
  /** Bytes of the pack received so far. */
  received(bytes: number): void;
  remoteSays(text: string): void;
}

/** Chunks between the two loops: about a megabyte, as the network delivers at most 64 KiB a packet. */
const chunksInFlight = 16;

export interface Received {
  readonly reader: PackReader;
  /** Hex checksum of the pack as it was sent, once it was compared; rejects with `pack-checksum`. */
  readonly checksum: Promise<string>;
  readonly shallow: readonly string[];
  /** What was opened for it. */
  readonly bases: StoredBases | null;
}

/**
 * Receives and analyses a pack, both at the same time: one loop reads the network into a bounded channel, the other takes the
 * chunks out and reads the pack. Whichever fails stops the other. `openBases` is called when the remote has been asked: what it makes
 * ready is for a thin pack's deltas.
 */
export async function receivePack(
  host: SyncHost,
  remote: Remote,
  wanted: Wanted,
  slice: Slice,
  handlers: ReceiveHandlers,
  signal: AbortSignal,
  openBases: () => StoredBases | null = () => null,
): Promise<Received> {
  let bases: StoredBases | null = null;
  const reader = new PackReader({
    limits: host.limits,
    slice,
    objectSha1: await createDigest("sha1"),
    packSha1: sha1OfWhole,
    thin: wanted.have !== null,
    missing: (oid) => bases?.want(oid),
  });
  handlers.begun(reader);
  const chunks = new Channel<Uint8Array>(chunksInFlight);
  let bytes = 0;
  const receiving = fetchPack(
    host,
    remote,
    wanted,
    {
      pack: (chunk) => {
        bytes += chunk.length;
        handlers.received(bytes);
        return chunks.send(chunk);
      },
      progress: (text) => handlers.remoteSays(text),
    },
    slice,
    signal,
  ).then(
    (result) => {
      chunks.end();
      return result;
    },
    (thrown: unknown) => {
      chunks.fail(thrown);
      throw thrown;
    },
  );
  // Behind the request: whatever is read for them would hold it up.
  bases = openBases();
  const analysing = (async () => {
    try {
      for (let chunk = await chunks.receive(); chunk !== undefined; chunk = await chunks.receive()) {
        await reader.write(chunk);
        signal.throwIfAborted();
      }
      await reader.finish();
    } catch (thrown) {
      chunks.fail(thrown);
      throw thrown;
    }
  })();
  const [result] = await Promise.all([receiving, analysing]).catch(async (thrown: unknown) => {
    // Neither loop may outlive this call.
    await Promise.allSettled([receiving, analysing]);
    throw thrown;
  });
  const checksum = reader.checksum();
  // Whoever verifies the tree meanwhile may fail first; then nobody waits for this.
  checksum.catch(() => undefined);
  return { reader, checksum, shallow: result.shallow, bases };
}
