import { concat, nullOid } from "../git-object.ts";
import type { HostileReply } from "../hostile-reply.ts";
import { band, delimiter, flush, packSection, pkt, pktSpans, pkts, responseEnd } from "../pkt-forge.ts";
import { type AddFetch, broken, damaged, fetchList } from "./fetch-list.ts";

/** Wrong sections, and wrong packets in them, in the answer to `fetch`. */
export function sectionReplies(): HostileReply[] {
  const { replies, add } = fetchList();
  sections(add);
  return replies;
}

function sections(add: AddFetch): void {
  const odd = [...broken, "object-missing", "pack-truncated"] as const;
  add("no shallow-info", odd, ({ pack }) => packSection(pack), { mayWork: true });
  add("shallow-info twice", odd, ({ before, pack }) => concat(before, before, packSection(pack)), { mayWork: true });
  add(
    "shallow-info behind the pack",
    odd,
    ({ before, pack }) => concat(packSection(pack).subarray(0, -4), delimiter, before.subarray(0, -4), flush),
    {
      mayWork: true,
    },
  );
  const shallow = (...lines: string[]) =>
    concat(pkt("shallow-info\n"), ...lines.map((line) => pkt(`${line}\n`)), delimiter);
  add(
    "shallow-info of another commit",
    odd,
    ({ pack }) => concat(shallow(`shallow ${"a".repeat(40)}`), packSection(pack)),
    { mayWork: true },
  );
  add("shallow-info that is not an id", odd, ({ pack }) => concat(shallow("shallow ../../etc"), packSection(pack)), {
    mayWork: true,
  });
  add(
    "unshallow of a commit that nobody has",
    odd,
    ({ before, pack }) => concat(before, shallow(`unshallow ${"b".repeat(40)}`), packSection(pack)),
    {
      mayWork: true,
    },
  );
  add("an empty line in shallow-info", odd, ({ pack }) => concat(shallow(""), packSection(pack)), { mayWork: true });
  add(
    "an unknown section",
    odd,
    ({ before, pack }) => concat(pkt("surprise\n"), pkt("boo\n"), delimiter, before, packSection(pack)),
    { mayWork: true },
  );
  add(
    "wanted-refs that were not asked for",
    odd,
    ({ before, pack }) =>
      concat(before, pkt("wanted-refs\n"), pkt(`${"a".repeat(40)} refs/heads/master\n`), delimiter, packSection(pack)),
    { mayWork: true },
  );
  add(
    "packfile-uris that were not asked for",
    odd,
    ({ before, pack }) =>
      concat(
        before,
        pkt("packfile-uris\n"),
        pkt(`${"a".repeat(40)} http://127.0.0.1:1/evil.pack\n`),
        delimiter,
        packSection(pack),
      ),
    { mayWork: true },
  );
  const acks = (lines: readonly string[]) => concat(pkt("acknowledgments\n"), pkts(lines.map((line) => `${line}\n`)));
  add("NAK and then nothing", odd, () => concat(acks(["NAK"]), flush));
  add("ready and then nothing", odd, () => concat(acks(["ready"]), flush));
  add("ready, a delimiter, and then nothing", odd, () => concat(acks(["ready"]), delimiter, flush));
  add("ready and the pack without a delimiter", odd, ({ pack }) => concat(acks(["ready"]), packSection(pack)), {
    mayWork: true,
  });
  add("NAK and the pack", odd, ({ before, pack }) => concat(acks(["NAK"]), delimiter, before, packSection(pack)), {
    mayWork: true,
  });
  add(
    "ACK of a commit that was not offered",
    odd,
    ({ before, pack }) =>
      concat(acks([`ACK ${"a".repeat(40)}`, "ready"]), delimiter, withoutAcks(before), packSection(pack)),
    { mayWork: true },
  );
  add(
    "ACK of something that is not an id",
    odd,
    ({ before, pack }) => concat(acks(["ACK yes", "ready"]), delimiter, withoutAcks(before), packSection(pack)),
    {
      mayWork: true,
    },
  );
  add(
    "100,000 ACKs",
    odd,
    ({ before, pack }) =>
      concat(
        acks([...new Array<string>(100_000).fill(`ACK ${nullOid}`), "ready"]),
        delimiter,
        withoutAcks(before),
        packSection(pack),
      ),
    { mayWork: true },
  );
  add("an ERR packet behind shallow-info", ["remote-refused"], ({ before }) =>
    concat(before, pkt("ERR upload-pack: not our ref\n")),
  );
  add("an ERR packet in place of a pack's packet", ["remote-refused", "protocol-broken"], ({ before }) =>
    concat(before, pkt("packfile\n"), pkt("ERR upload-pack: not our ref\n"), flush),
  );
  add("the section packfile, and no pack", [...odd, "pack-corrupt"], ({ before }) =>
    concat(before, pkt("packfile\n"), flush),
  );
  add(
    "the section packfile twice",
    [...odd, ...damaged],
    ({ before, pack }) => concat(before, packSection(pack).subarray(0, -4), delimiter, packSection(pack)),
    { mayWork: true },
  );
  add("a flush in the middle of the pack", [...odd, ...damaged], ({ before, pack }) =>
    concat(before, pkt("packfile\n"), band(1, pack.subarray(0, 100)), flush, band(1, pack.subarray(100)), flush),
  );
  add(
    "a delimiter in the middle of the pack",
    [...odd, ...damaged],
    ({ before, pack }) =>
      concat(before, pkt("packfile\n"), band(1, pack.subarray(0, 100)), delimiter, band(1, pack.subarray(100)), flush),
    // Git's own client takes a delimiter here for the end of the section.
    { mayWork: true },
  );
  add(
    "a response-end in the middle of the pack",
    [...odd, ...damaged],
    ({ before, pack }) =>
      concat(
        before,
        pkt("packfile\n"),
        band(1, pack.subarray(0, 100)),
        responseEnd,
        band(1, pack.subarray(100)),
        flush,
      ),
    { mayWork: true },
  );
  for (const head of ["0003", "zzzz", "fff1", "ffff"]) {
    add(`pkt length ${head} in the middle of the pack`, [...odd, ...damaged], ({ before, pack }) =>
      concat(before, pkt("packfile\n"), band(1, pack.subarray(0, 100)), head, band(1, pack.subarray(100)), flush),
    );
  }
  add("no flush behind the pack", odd, ({ before, pack }) => concat(before, packSection(pack).subarray(0, -4)), {
    mayWork: true,
  });
  add("bytes behind the flush", odd, ({ before, pack }) => concat(before, packSection(pack), "0008junk"), {
    mayWork: true,
  });
  add("the answer of version 0", odd, ({ pack }) => concat(pkt("NAK\n"), band(1, pack), flush));
  add("the list of refs", odd, () => concat(pkt(`${"a".repeat(40)} refs/heads/master\n`), flush));
}

/** What stands before the pack, without the acknowledgments of a second sync. */
function withoutAcks(before: Uint8Array): Uint8Array {
  const spans = pktSpans(before);
  const at = spans.findIndex((span) => Buffer.from(span.payload).toString("latin1") === "shallow-info\n");
  return at < 0 ? new Uint8Array(0) : before.subarray(spans[at]?.start);
}
