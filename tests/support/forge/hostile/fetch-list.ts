import type { ErrorCode } from "../../../../src/core/errors.ts";
import { type HostileReply, type HostileTools, send } from "../hostile-reply.ts";
import { type FetchAnswer, fetchAnswer } from "../pkt-forge.ts";

export type FetchBody = (answer: FetchAnswer, real: Buffer, tools: HostileTools) => Uint8Array | Promise<Uint8Array>;
export type AddFetch = (
  title: string,
  codes: readonly ErrorCode[],
  body: FetchBody,
  own?: Partial<HostileReply>,
) => void;

export const broken = ["protocol-broken", "remote-not-git"] as const;
export const short = ["pack-truncated", "protocol-broken", "remote-unreachable"] as const;
export const damaged = ["pack-corrupt", "pack-checksum", "pack-truncated", "protocol-broken"] as const;

/** Collects replies whose body is made from the right one, taken apart. */
export function fetchList(): { replies: HostileReply[]; add: AddFetch } {
  const replies: HostileReply[] = [];
  const add: AddFetch = (title, codes, body, own = {}) => {
    const respond: HostileReply["respond"] = async (_, res, real, tools) => {
      const right = await real();
      send(res, "fetch", await body(fetchAnswer(right), right, tools));
    };
    replies.push({ title: `fetch: ${title}`, where: "fetch", codes, respond, ...own });
  };
  return { replies, add };
}
