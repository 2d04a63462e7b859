import { bytes, concat, gitObject } from "../git-object.ts";
import { contentTypes, type HostileReply } from "../hostile-reply.ts";
import { PackForge, repairTrailer } from "../pack-forge.ts";
import { packSection, pktSpans } from "../pkt-forge.ts";
import { type AddFetch, damaged, fetchList, short } from "./fetch-list.ts";

/** Wrong packs in right packets, and answers that end too early. */
export function fetchedPackReplies(): HostileReply[] {
  const { replies, add } = fetchList();
  packs(add);
  cuts(add, replies);
  return replies;
}

function packs(add: AddFetch): void {
  const within = (pack: Uint8Array, before: Uint8Array): Uint8Array => concat(before, packSection(pack));
  add(
    "the pack of another commit",
    ["object-missing", "delta-base-missing"],
    async (_, __, { body, backend, olderCommits }) => {
      const [other] = await olderCommits();
      if (other === undefined) throw new Error("this case needs a repository with two commits");
      return backend(replaceWants(body, other));
    },
  );
  add("an empty pack", ["object-missing", "pack-corrupt"], ({ before }) => within(new PackForge().finish(), before));
  add("a pack with an object that nobody asked for", ["object-missing"], ({ before }) =>
    within(new PackForge().objects([gitObject("blob", "surprise")]).finish(), before),
  );
  add("a pack whose only delta has no base", ["delta-base-missing", "object-missing"], ({ before }) => {
    const pack = new PackForge();
    pack.refDelta("a".repeat(40), bytes("\u0004\u0004\u0004data"));
    return within(pack.finish(), before);
  });
  add("a pack with one bit flipped", damaged, ({ before, pack }) =>
    within(
      pack.map((byte, i) => (i === pack.length >> 1 ? byte ^ 4 : byte)),
      before,
    ),
  );
  add(
    "a pack with one bit flipped and the trailer repaired",
    [...damaged, "object-missing", "object-corrupt", "delta-corrupt", "delta-base-missing"],
    ({ before, pack }) =>
      within(repairTrailer(pack.map((byte, i) => (i === pack.length >> 1 ? byte ^ 4 : byte))), before),
  );
  add("a pack with a wrong trailer", ["pack-checksum"], ({ before, pack }) =>
    within(
      pack.map((byte, i) => (i === pack.length - 1 ? byte ^ 1 : byte)),
      before,
    ),
  );
  add("a pack without its trailer", short, ({ before, pack }) => within(pack.subarray(0, -20), before));
  add("a pack of 2^32 - 1 objects", [...damaged, "pack-limit"], ({ before, pack }) =>
    within(repairTrailer(pack.map((byte, i) => (i >= 8 && i < 12 ? 255 : byte))), before),
  );
  add("a pack of version 7", damaged, ({ before, pack }) =>
    within(
      pack.map((byte, i) => (i === 7 ? 7 : byte)),
      before,
    ),
  );
  add("bytes behind the pack's trailer", [...damaged, "protocol-broken"], ({ before, pack }) =>
    within(concat(pack, "extra"), before),
  );
  add("the pack twice", [...damaged, "protocol-broken"], ({ before, pack }) => within(concat(pack, pack), before));
  // On a busy machine the sender of so much may be silent for longer than these tests wait.
  add("zeros without end (100 MiB)", [...damaged, "pack-limit", "remote-timeout"], ({ before }) =>
    within(new Uint8Array(100 * 1024 * 1024), before),
  );
}

function replaceWants(body: Buffer, oid: string): Buffer {
  const text = body.toString("latin1").replace(/want [0-9a-f]{40}/g, `want ${oid}`);
  return Buffer.from(text.replace(/0032have [0-9a-f]{40}\n/g, ""), "latin1");
}

/** The answer ends at a packet's boundary, or one byte before or behind it; sampled over the whole answer. */
function cuts(add: AddFetch, out: HostileReply[]): void {
  for (const [title, part] of [
    ["after the first packet", 0],
    ["at a quarter", 0.25],
    ["at half", 0.5],
    ["at three quarters", 0.75],
    ["before the flush", 1],
  ] as const) {
    const boundary = (real: Buffer): number => {
      const spans = pktSpans(real);
      return spans[Math.min(Math.floor(part * (spans.length - 1)), spans.length - 2)]?.end ?? 0;
    };
    const own: Partial<HostileReply> = part === 1 ? { mayWork: true } : {};
    add(`cut ${title}`, short, (_, real) => real.subarray(0, boundary(real)), own);
    add(`cut one byte before a boundary, ${title}`, [...short, ...damaged], (_, real) =>
      real.subarray(0, boundary(real) - 1),
    );
    add(
      `cut three bytes behind a boundary, ${title}`,
      [...short, ...damaged],
      (_, real) => real.subarray(0, boundary(real) + 3),
      own,
    );
    out.push({
      title: `fetch: connection broken ${title}`,
      where: "fetch",
      codes: short,
      respond: async (_, res, real) => {
        const right = await real();
        res.writeHead(200, { "Content-Type": contentTypes.fetch });
        res.write(right.subarray(0, boundary(right)), () => setTimeout(() => res.destroy(), 20));
      },
      ...own,
    });
  }
}
