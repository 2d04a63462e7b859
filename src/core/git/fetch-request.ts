import { delimPacket, flushPacket, pktLine } from "./pkt-line.ts";

export interface FetchRequest {
  readonly agent: string;
  readonly wants: readonly string[];
  /** Commits whose trees are stored completely. */
  readonly haves: readonly string[];
  /** Commits whose parents are not stored. */
  readonly shallow: readonly string[];
  readonly depth: number;
}

/**
 * The body of a protocol v2 `fetch` command (Git documentation, gitprotocol-v2, "fetch"). Thin packs and ofs-deltas are asked for,
 * and `done` at once: there is nothing to negotiate with one have.
 */
export function encodeFetchRequest(request: FetchRequest): string {
  return [
    pktLine("command=fetch"),
    pktLine(`agent=${request.agent}`),
    pktLine("object-format=sha1"),
    delimPacket,
    pktLine("thin-pack"),
    pktLine("ofs-delta"),
    // A tenth of the bytes of a small update would be progress that nobody is shown.
    pktLine("no-progress"),
    ...request.shallow.map((oid) => pktLine(`shallow ${oid}`)),
    pktLine(`deepen ${request.depth}`),
    ...request.wants.map((oid) => pktLine(`want ${oid}`)),
    ...request.haves.map((oid) => pktLine(`have ${oid}`)),
    pktLine("done"),
    flushPacket,
  ].join("");
}
