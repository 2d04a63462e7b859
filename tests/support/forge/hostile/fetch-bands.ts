import { concat } from "../git-object.ts";
import type { HostileReply } from "../hostile-reply.ts";
import { band, flush, packSection, pkt } from "../pkt-forge.ts";
import { type AddFetch, broken, fetchList } from "./fetch-list.ts";

/** Wrong side bands in the answer to `fetch`. */
export function sideBandReplies(): HostileReply[] {
  const { replies, add } = fetchList();
  sidebands(add);
  return replies;
}

function sidebands(add: AddFetch): void {
  const evil = "fatal: \u001b[2Jout of memory\u0007\r\n\u0000\u202e";
  add("an error on band 3 before the pack", ["remote-refused"], ({ before }) =>
    concat(before, pkt("packfile\n"), band(3, evil), flush),
  );
  add("an error on band 3 in the middle of the pack", ["remote-refused"], ({ before, pack }) =>
    concat(before, pkt("packfile\n"), band(1, pack.subarray(0, pack.length >> 1)), band(3, evil), flush),
  );
  add("an error on band 3 behind the whole pack", ["remote-refused"], ({ before, pack }) =>
    concat(before, pkt("packfile\n"), band(1, pack), band(3, evil), flush),
  );
  add("an empty error on band 3", ["remote-refused", "protocol-broken"], ({ before }) =>
    concat(before, pkt("packfile\n"), pkt(Uint8Array.of(3)), flush),
  );
  for (const channel of [0, 4, 255]) {
    add(`band ${channel}`, broken, ({ before, pack }) =>
      concat(before, pkt("packfile\n"), band(channel, "what?"), band(1, pack), flush),
    );
  }
  add("a packet without a band", broken, ({ before, pack }) =>
    concat(before, pkt("packfile\n"), pkt(""), band(1, pack), flush),
  );
  add(
    "empty packets of bands 1 and 2",
    broken,
    ({ before, pack }) =>
      concat(
        before,
        pkt("packfile\n"),
        pkt(Uint8Array.of(2)),
        pkt(Uint8Array.of(1)),
        band(1, pack),
        pkt(Uint8Array.of(2)),
        flush,
      ),
    { mayWork: true },
  );
  add("the pack without side band", broken, ({ before, pack }) => concat(before, pkt("packfile\n"), pack));
  add(
    "progress with control characters",
    [],
    ({ before, pack }) =>
      concat(
        before,
        pkt("packfile\n"),
        band(2, "\u001b]0;x\u0007Counting\r\u001b[2K\u0085\u202e<script>alert(1)</script>\n\0"),
        band(1, pack),
        flush,
      ),
    { mayWork: true },
  );
  add(
    "progress of 16 MiB before the pack",
    ["pack-limit", "protocol-broken"],
    ({ before, pack }) =>
      concat(before, pkt("packfile\n"), band(2, "Counting objects...\r".repeat(800_000)), band(1, pack), flush),
    { mayWork: true },
  );
  add(
    "200,000 packets of progress of one byte",
    ["pack-limit", "protocol-broken"],
    ({ before, pack }) => concat(before, pkt("packfile\n"), band(2, ".".repeat(200_000), 1), band(1, pack), flush),
    { mayWork: true },
  );
  add(
    "the pack in packets of one byte",
    broken,
    ({ before, pack }) =>
      concat(before, packSection(pack.subarray(0, 2000), 1).subarray(0, -4), band(1, pack.subarray(2000)), flush),
    {
      mayWork: true,
    },
  );
  add(
    "progress cut inside a character",
    [],
    ({ before, pack }) =>
      concat(
        before,
        pkt("packfile\n"),
        band(2, Uint8Array.of(0xf0, 0x9f)),
        band(2, Uint8Array.of(0x90, 0xab, 0x0a)),
        band(1, pack),
        flush,
      ),
    { mayWork: true },
  );
}
