import type { ErrorCode } from "../../../../src/core/errors.ts";
import { concat, nullOid } from "../git-object.ts";
import { type HostileReply, send, type Where } from "../hostile-reply.ts";
import { delimiter, flush, pkt, pktSpans, pkts } from "../pkt-forge.ts";

const broken = ["protocol-broken", "remote-not-git"] as const;
const oid = (digit: string): string => digit.repeat(40);

/** Wrong answers to `info/refs` beyond those of any HTTP server. */
export function advertisementReplies(): HostileReply[] {
  const out: HostileReply[] = [];
  const add = (title: string, codes: readonly ErrorCode[], body: Body, own: Partial<HostileReply> = {}) =>
    out.push(reply("info-refs", title, codes, body, own));
  const service = concat(pkt("# service=git-upload-pack\n"), flush);
  add(
    "the service line of receive-pack",
    broken,
    async (real) => replaceText(real, "001e# service=git-upload-pack", "001f# service=git-receive-pack"),
    {
      mayWork: true,
    },
  );
  add(
    "a service line of another program",
    broken,
    async (real) => replaceText(real, "# service=git-upload-pack", "# service=xyz-upload-pack"),
    {
      mayWork: true,
    },
  );
  add("no service line", broken, async (real) => real.subarray(service.length), { mayWork: true });
  add("the service line alone", [...broken, "remote-empty"], async () => service);
  add(
    "no flush behind the service line",
    broken,
    async (real) => concat(real.subarray(0, service.length - 4), real.subarray(service.length)),
    {
      mayWork: true,
    },
  );
  add("no flush at the end", broken, async (real) => real.subarray(0, -4), { mayWork: true });
  add("version 3", [...broken, "unsupported"], async (real) => replaceText(real, "version 2", "version 3"));
  add("version 2 without ls-refs", [...broken, "unsupported"], async (real) => without(real, /^ls-refs/));
  add("version 2 without fetch", [...broken, "unsupported"], async (real) => without(real, /^fetch/), {
    mayWork: true,
  });
  add(
    "version 2 without shallow fetches",
    [...broken, "unsupported"],
    async (real) => renamed(real, /^fetch=.*/, "fetch=wait-for-done\n"),
    { mayWork: true },
  );
  add("objects named by SHA-256", [...broken, "unsupported"], async (real) =>
    renamed(real, /^object-format=.*/, "object-format=sha256\n"),
  );
  add("objects named by an unknown hash", [...broken, "unsupported"], async (real) =>
    renamed(real, /^object-format=.*/, "object-format=md5\n"),
  );
  const old = (refs: readonly string[], capabilities: string) =>
    concat(service, pkts(refs.map((ref, i) => (i === 0 ? `${ref}\0${capabilities}\n` : `${ref}\n`))), flush);
  const capabilities = "multi_ack side-band-64k ofs-delta shallow symref=HEAD:refs/heads/master agent=git/1.0";
  const oldCodes = [...broken, "unsupported", "object-missing", "remote-refused", "branch-missing"] as const;
  add("a server of version 0", oldCodes, async () =>
    old([`${oid("a")} HEAD`, `${oid("a")} refs/heads/master`], capabilities),
  );
  add("a server of version 1", oldCodes, async () =>
    concat(
      service,
      pkt("version 1\n"),
      old([`${oid("a")} HEAD`, `${oid("a")} refs/heads/master`], capabilities).subarray(service.length),
    ),
  );
  add("a server of version 0 without commits", [...oldCodes, "remote-empty"], async () =>
    old([`${nullOid} capabilities^{}`], capabilities),
  );
  add("a dumb server's list", broken, async () => concat(`${oid("a")}\trefs/heads/master\n`));
  add("100,000 refs of version 0", oldCodes, async () =>
    old(
      Array.from({ length: 100_000 }, (_, i) => `${oid("a")} refs/pull/${i}/head`),
      capabilities,
    ),
  );
  add(
    "100,000 capabilities",
    [...broken, "unsupported", "pack-limit"],
    async (real) => {
      const [body, end] = [real.subarray(0, -4), real.subarray(-4)];
      return concat(
        body,
        pkts(Array.from({ length: 100_000 }, (_, i) => `x-capability-${i}=${"v".repeat(20)}\n`)),
        end,
      );
    },
    { mayWork: true },
  );
  return out;
}

/** Wrong answers to `ls-refs`. */
export function refListReplies(): HostileReply[] {
  const out: HostileReply[] = [];
  const add = (title: string, codes: readonly ErrorCode[], body: Body, own: Partial<HostileReply> = {}) =>
    out.push(reply("ls-refs", title, codes, body, own));
  const list = (...lines: readonly (string | Uint8Array)[]) =>
    concat(pkts(lines.map((line) => concat(line, "\n"))), flush);
  const otherRefs = Array.from({ length: 100_000 }, (_, i) => `${oid("a")} refs/heads/x${i}\n`);
  const missing = ["branch-missing", "remote-empty", "protocol-broken"] as const;
  const unknown = [...broken, "remote-refused", "object-missing", "branch-missing"] as const;
  add("no refs", missing, async () => flush);
  add("other branches only", missing, async () =>
    list(`${oid("a")} refs/heads/other`, `${oid("b")} refs/heads/mastermind`),
  );
  add("100,000 other refs", [...missing, "pack-limit"], async () => concat(pkts(otherRefs), flush));
  add(
    "100,000 refs, the right ones last",
    ["pack-limit", "protocol-broken"],
    async (real) => concat(pkts(otherRefs), real),
    { mayWork: true },
  );
  add(
    "HEAD that points at a branch that is not there",
    missing,
    async () => list(`${oid("a")} HEAD symref-target:refs/heads/gone`),
    {
      codes: [...missing, ...unknown],
    },
  );
  add("an unborn HEAD", missing, async () => list("unborn HEAD symref-target:refs/heads/master"));
  add("the null id", [...unknown, "remote-empty"], async (real) =>
    concat(
      Buffer.from(real)
        .toString("latin1")
        .replaceAll(/[0-9a-f]{40} /g, `${nullOid} `),
    ),
  );
  add("ids that the server does not have", unknown, async (real) =>
    concat(
      Buffer.from(real)
        .toString("latin1")
        .replaceAll(/[0-9a-f]{40} /g, `${oid("c")} `),
    ),
  );
  add("ids of 39 digits", unknown, async (real) => resized(real, (line) => line.slice(1)));
  add("ids of 64 digits", unknown, async (real) => resized(real, (line) => "0".repeat(24) + line));
  add("ids with a letter that is no digit", unknown, async (real) => resized(real, (line) => `x${line.slice(1)}`));
  add(
    "ids in capitals",
    unknown,
    async (real) => resized(real, (line) => line.slice(0, 40).toUpperCase() + line.slice(40)),
    { mayWork: true },
  );
  add("lines without a name", [...missing, ...unknown], async (real) => resized(real, (line) => line.slice(0, 40)));
  add("names that lead out of refs", [...missing, ...unknown], async () =>
    list(
      `${oid("a")} refs/heads/../../config`,
      `${oid("a")} ../evil`,
      `${oid("a")} refs/heads/.lock`,
      `${oid("a")} __proto__`,
    ),
  );
  add("names with control characters", [...missing, ...unknown], async () =>
    list(`${oid("a")} refs/heads/\u001b[31mred`, `${oid("a")} refs/heads/a\0b`, `${oid("a")} refs/heads/\r`),
  );
  add("names that are not UTF-8", [...missing, ...unknown], async () =>
    list(concat(`${oid("a")} refs/heads/`, Uint8Array.of(0xff, 0xfe))),
  );
  add(
    "the branch twice, with different ids",
    unknown,
    async (real) => {
      const twice = pktSpans(real).map((span) => concat(span.payload.length === 0 ? flush : pkt(span.payload)));
      return concat(
        ...twice.slice(0, -1),
        pkt(`${oid("d")} refs/heads/master\n`),
        pkt(`${oid("e")} HEAD symref-target:refs/heads/master\n`),
        flush,
      );
    },
    { mayWork: true },
  );
  add("symrefs in a ring", [...missing, ...unknown], async () =>
    list(`${oid("a")} HEAD symref-target:refs/heads/master`, `${oid("a")} refs/heads/master symref-target:HEAD`),
  );
  add("an unknown attribute", unknown, async (real) => resized(real, (line) => `${line.trimEnd()} x-forge:yes\n`), {
    mayWork: true,
  });
  add("a delimiter in the list", broken, async (real) => concat(delimiter, real.subarray(0, -4), delimiter, flush), {
    mayWork: true,
  });
  add("no flush at the end", [...broken, "remote-unreachable"], async (real) => real.subarray(0, -4), {
    mayWork: true,
  });
  add("lines behind the flush", broken, async (real) => concat(real, pkt(`${oid("a")} refs/heads/master\n`), flush), {
    mayWork: true,
  });
  add("cut inside a line", [...broken, "remote-unreachable"], async (real) =>
    real.subarray(0, Math.max(5, real.length - 20)),
  );
  return out;
}

type Body = (real: Buffer) => Promise<Uint8Array>;

function reply(
  where: Where,
  title: string,
  codes: readonly ErrorCode[],
  body: Body,
  own: Partial<HostileReply>,
): HostileReply {
  return {
    title: `${where}: ${title}`,
    where,
    codes,
    respond: async (_, res, real) => send(res, where, await body(await real())),
    ...own,
  };
}

function replaceText(real: Buffer, from: string, to: string): Buffer {
  return Buffer.from(real.toString("latin1").replace(from, to), "latin1");
}

/** The answer with every packet's payload changed, lengths adapted. A payload of null is left out. */
function rewritten(real: Buffer, change: (line: string) => string | null): Uint8Array {
  const parts = pktSpans(real).map((span) => {
    if (span.payload.length === 0) return real.subarray(span.start, span.end);
    const line = change(Buffer.from(span.payload).toString("latin1"));
    return line === null ? "" : pkt(Buffer.from(line, "latin1"));
  });
  return concat(...parts);
}

const without = (real: Buffer, pattern: RegExp) => rewritten(real, (line) => (pattern.test(line) ? null : line));
const renamed = (real: Buffer, pattern: RegExp, to: string) =>
  rewritten(real, (line) => (pattern.test(line) ? to : line));
const resized = (real: Buffer, change: (line: string) => string) => rewritten(real, (line) => change(line));
