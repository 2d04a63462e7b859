import type { rareDigests as here } from "../src/platform/rare-digests.ts";
import { type EngineScope, importEngineScript } from "./engine-script.ts";

/** Stands for src/platform/rare-digests.ts in the service worker: the digests are in the engine's script, which is imported when one is needed. */
export const rareDigests: typeof here = {
  md5: async () => there().md5(),
  sha512: async () => there().sha512(),
};

function there(): typeof here {
  return importEngineScript(self as unknown as EngineScope).rareDigests;
}
