import { MirrorError } from "../errors.ts";
import { isOid } from "./oid.ts";
import { PktLineProblem, PktLineReader } from "./pkt-line.ts";

export interface LsRefsCommand {
  readonly command: "ls-refs";
  readonly symrefs: boolean;
  readonly peel: boolean;
  /** Only refs that start with one of them are asked for; empty asks for all. */
  readonly prefixes: readonly string[];
}

export interface FetchCommand {
  readonly command: "fetch";
  readonly wants: readonly string[];
  readonly haves: readonly string[];
  /** Commits whose parents the client does not have. */
  readonly shallow: readonly string[];
  /** Whether any history is to be left out; how much does not matter to who has one commit. */
  readonly deepen: boolean;
  readonly done: boolean;
}

const limits = { wants: 64, haves: 20_000, shallow: 20_000, prefixes: 1_000 };

/**
 * The body of a request by protocol version 2 (Git documentation, gitprotocol-v2). Throws `protocol-broken` for what is no such request;
 * `remote` in its data is the client. Arguments that only refine an answer (progress, tags, filters) are accepted and have no effect.
 */
export async function readUploadRequest(body: Uint8Array): Promise<LsRefsCommand | FetchCommand> {
  const lines = await requestLines(body);
  const command = lines.head.find((line) => line.startsWith("command="))?.slice(8);
  const format = lines.head.find((line) => line.startsWith("object-format="));
  if (format !== undefined && format !== "object-format=sha1") throw broken("its objects are not named by sha1");
  if (command === "ls-refs") return lsRefs(lines.args);
  if (command === "fetch") return fetch(lines.args);
  throw broken(`the command ${JSON.stringify((command ?? "").slice(0, 40))} is not known`);
}

function lsRefs(args: readonly string[]): LsRefsCommand {
  const prefixes = values(args, "ref-prefix ", limits.prefixes);
  return { command: "ls-refs", symrefs: args.includes("symrefs"), peel: args.includes("peel"), prefixes };
}

function fetch(args: readonly string[]): FetchCommand {
  const oids = (name: string, limit: number) => {
    const found = values(args, name, limit);
    for (const oid of found) if (!isOid(oid)) throw broken(`${JSON.stringify(oid.slice(0, 60))} is no object id`);
    return found;
  };
  return {
    command: "fetch",
    wants: [...new Set(oids("want ", limits.wants))],
    haves: oids("have ", limits.haves),
    shallow: oids("shallow ", limits.shallow),
    deepen: args.some((line) => line.startsWith("deepen")),
    done: args.includes("done"),
  };
}

function values(args: readonly string[], name: string, limit: number): string[] {
  const found = args.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
  if (found.length > limit) throw broken(`it has more than ${limit} lines "${name.trim()}"`);
  return found;
}

async function requestLines(body: Uint8Array): Promise<{ readonly head: string[]; readonly args: string[] }> {
  let given: Uint8Array | undefined = body;
  const reader = new PktLineReader(async () => {
    const chunk = given;
    given = undefined;
    return chunk;
  });
  const decoder = new TextDecoder();
  const lines = { head: [] as string[], args: [] as string[] };
  let part: "head" | "args" = "head";
  try {
    for (;;) {
      const packet = await reader.read();
      if (packet === null) throw broken("it ends without a flush packet");
      if (packet.type === "flush") return lines;
      if (packet.type === "response-end") throw broken("it has a response-end packet");
      if (packet.type !== "data") part = "args";
      else lines[part].push(decoder.decode(packet.bytes).replace(/\n$/, ""));
    }
  } catch (thrown) {
    throw thrown instanceof PktLineProblem ? broken(thrown.message) : thrown;
  }
}

function broken(reason: string): MirrorError {
  return new MirrorError("protocol-broken", { remote: "The Git client", reason });
}
