import type { Store } from "../../src/store/store.ts";
import { archiveCases } from "./store-archive-cases.ts";
import type { Case } from "./store-case.ts";
import { packCases } from "./store-pack-cases.ts";
import { recordCases } from "./store-record-cases.ts";
import { repositoryCases } from "./store-repository-cases.ts";

export type { Case };

/**
 * What every store must do. `open` opens the store kept at a place, creating it when it is new: the same place twice is
 * the same contents, another place shares nothing with it. Places are names like `collect`; each case has its own.
 */
export function storeContract(name: string, open: (place: string) => Promise<Store>): Case[] {
  return [...repositoryCases(open), ...packCases(open), ...recordCases(open), ...archiveCases(open)].map((one) => ({
    ...one,
    title: `${name}: ${one.title}`,
  }));
}
