import type { GatewayContext } from "./context.ts";
import type { GitExchange } from "./options.ts";

/** Where a repository's Git smart HTTP comes from: a local repository or a remote. Answers exactly these two requests. */
export interface GitSource {
  answer(c: GatewayContext, exchange: GitExchange): Promise<Response>;
}

/** The largest negotiation that is accepted; a clone of a repository with 10,000 haves needs 0.5 MB. */
export const requestBodyLimit: number = 10 * 1024 * 1024;
/** How long either side may be silent, and how long a whole exchange may take. */
export const gitIdleMs = 30_000;
export const gitTotalMs = 600_000;
