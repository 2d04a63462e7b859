import { advertisementReplies, refListReplies } from "./hostile/discovery.ts";
import { sideBandReplies } from "./hostile/fetch-bands.ts";
import { fetchedPackReplies } from "./hostile/fetch-packs.ts";
import { sectionReplies } from "./hostile/fetch-sections.ts";
import { transportReplies } from "./hostile/transport.ts";
import type { HostileReply } from "./hostile-reply.ts";

export type { HostileReply } from "./hostile-reply.ts";
export { type HostileServer, startHostileServer } from "./hostile-server.ts";

/** Every hostile reply; titles are unique and begin with the request that they answer. */
export function hostileReplies(): HostileReply[] {
  return [
    ...transportReplies("info-refs"),
    ...advertisementReplies(),
    ...transportReplies("ls-refs"),
    ...refListReplies(),
    ...transportReplies("fetch"),
    ...sideBandReplies(),
    ...sectionReplies(),
    ...fetchedPackReplies(),
  ];
}
