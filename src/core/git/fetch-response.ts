import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { isOid } from "./oid.ts";
import { type Packet, PktLineProblem, type PktLineReader, remoteText } from "./pkt-line.ts";

export interface FetchResponseHandlers {
  /** The next bytes of the pack. A view: the array is not reused. */
  pack(bytes: Uint8Array): Promise<void>;
  /** Progress text of the remote, cleaned. */
  progress(text: string): void;
}

export interface FetchResult {
  readonly shallow: readonly string[];
  readonly unshallow: readonly string[];
  readonly packBytes: number;
}

const maximalLines = 10_000;
/** Bytes of progress text; Git sends some kilobytes. */
const maximalProgress = 4 << 20;

/**
 * Reads the answer to a protocol v2 `fetch` (Git documentation, gitprotocol-v2, "fetch"): sections, then the pack in side-band packets.
 * Throws `protocol-broken`, `remote-refused`, `pack-truncated`.
 */
export async function readFetchResponse(
  reader: PktLineReader,
  remote: string,
  handlers: FetchResponseHandlers,
  slice: Slice,
): Promise<FetchResult> {
  const broken = (reason: string) => new MirrorError("protocol-broken", { remote, reason });
  let packBytes = 0;
  let progressBytes = 0;
  const read = async (): Promise<Packet> => {
    // Packets that are there already are read by microtasks alone.
    if (slice.due()) await slice.pause();
    try {
      const packet = await reader.read();
      if (packet === null)
        throw packBytes > 0 ? new MirrorError("pack-truncated", { at: packBytes }) : broken("the answer ends early");
      return packet;
    } catch (thrown) {
      if (!(thrown instanceof PktLineProblem)) throw thrown;
      throw thrown.truncated && packBytes > 0
        ? new MirrorError("pack-truncated", { at: packBytes })
        : broken(thrown.message);
    }
  };
  const shallow: string[] = [];
  const unshallow: string[] = [];
  for (let lines = 0; ; ) {
    const header = await read();
    if (header.type !== "data") throw broken("a section is missing");
    const section = remoteText(header.bytes);
    if (section.startsWith("ERR ")) throw new MirrorError("remote-refused", { remote, message: section.slice(4) });
    if (section === "packfile") break;
    if (!["acknowledgments", "shallow-info", "wanted-refs", "packfile-uris"].includes(section))
      throw broken(`it has an unknown section "${section.slice(0, 60)}"`);
    for (;;) {
      const packet = await read();
      if (packet.type === "delim") break;
      if (packet.type !== "data") throw broken(`the section ${section} is not followed by a pack`);
      if (++lines > maximalLines) throw broken("a section has too many lines");
      const line = remoteText(packet.bytes);
      if (line.startsWith("ERR ")) throw new MirrorError("remote-refused", { remote, message: line.slice(4) });
      if (section !== "shallow-info") continue;
      const [kind, oid] = line.split(" ");
      if (oid === undefined || !isOid(oid) || (kind !== "shallow" && kind !== "unshallow"))
        throw broken("the section shallow-info is malformed");
      (kind === "shallow" ? shallow : unshallow).push(oid);
    }
  }
  for (;;) {
    const packet = await read();
    if (packet.type === "flush") break;
    if (packet.type !== "data" || packet.bytes.length === 0) throw broken("the pack is interrupted by another section");
    const band: number = packet.bytes[0] ?? 0;
    switch (band) {
      case 1: {
        const bytes = packet.bytes.subarray(1);
        packBytes += bytes.length;
        await handlers.pack(bytes);
        break;
      }
      case 2:
        progressBytes += packet.bytes.length;
        if (progressBytes > maximalProgress) throw broken("it sends progress messages without end");
        handlers.progress(remoteText(packet.bytes.subarray(1)));
        break;
      case 3:
        throw new MirrorError("remote-refused", { remote, message: remoteText(packet.bytes.subarray(1)) });
      default:
        throw broken(`it uses the side-band ${band}`);
    }
  }
  return { shallow, unshallow, packBytes };
}
