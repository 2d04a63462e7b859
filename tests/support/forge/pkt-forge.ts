import { concat } from "./git-object.ts";

export const flush: Uint8Array = concat("0000");
export const delimiter: Uint8Array = concat("0001");
export const responseEnd: Uint8Array = concat("0002");

/** A pkt-line (gitprotocol-common): four hexadecimal digits of length, themselves included, then the payload. */
export function pkt(payload: string | Uint8Array): Uint8Array {
  const data = concat(payload);
  return concat((data.length + 4).toString(16).padStart(4, "0"), data);
}

/** One packet for each payload. A list and not arguments: a hundred thousand arguments overflow the stack. */
export function pkts(payloads: readonly (string | Uint8Array)[]): Uint8Array {
  return new Uint8Array(Buffer.concat(payloads.map(pkt)));
}

/** The payload in as many packets of a side band as it needs. */
export function band(channel: number, payload: string | Uint8Array, chunk = 65_515): Uint8Array {
  const data = concat(payload);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < Math.max(1, data.length); at += chunk) {
    parts.push(concat(Uint8Array.of(channel), data.subarray(at, at + chunk)));
  }
  return pkts(parts);
}

export interface PktSpan {
  readonly start: number;
  readonly end: number;
  /** Empty for the special packets 0000 to 0003. */
  readonly payload: Uint8Array;
}

/** The packets of a right answer. */
export function pktSpans(answer: Uint8Array): PktSpan[] {
  const spans: PktSpan[] = [];
  for (let start = 0; start + 4 <= answer.length; ) {
    const length = Number.parseInt(Buffer.from(answer.subarray(start, start + 4)).toString("latin1"), 16);
    const end = start + Math.max(4, length);
    spans.push({ start, end, payload: answer.subarray(start + 4, end) });
    start = end;
  }
  return spans;
}

/** A right answer to a `fetch`, version 2, taken apart. */
export interface FetchAnswer {
  /** Everything before the section `packfile`, its delimiters included: acknowledgments, shallow-info. */
  readonly before: Uint8Array;
  readonly pack: Uint8Array;
}

export function fetchAnswer(answer: Uint8Array): FetchAnswer {
  const spans = pktSpans(answer);
  const at = spans.findIndex((span) => Buffer.from(span.payload).toString("latin1") === "packfile\n");
  const section = spans[at];
  if (section === undefined) throw new Error("the right answer has no packfile section");
  const pack = spans.slice(at + 1).filter((span) => span.payload[0] === 1);
  return { before: answer.subarray(0, section.start), pack: concat(...pack.map((span) => span.payload.subarray(1))) };
}

/** The section `packfile` with a whole pack, to its flush. */
export function packSection(pack: Uint8Array, chunk?: number): Uint8Array {
  return concat(pkt("packfile\n"), band(1, pack, chunk), flush);
}
