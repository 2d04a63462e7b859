import { MirrorError } from "../src/core/errors.ts";
import type { rareDigests } from "../src/platform/rare-digests.ts";
import type { StartEngine } from "../src/worker/engine-start.ts";

declare const __ENGINE_SCRIPT__: string;

/** What the service worker's second script holds. */
export interface EngineScript {
  readonly startEngine: StartEngine;
  readonly rareDigests: typeof rareDigests;
}

export interface EngineScope {
  /** Set by the engine's script. */
  opamMirrorEngine?: EngineScript;
  importScripts(url: string): void;
}

/**
 * The engine's code. A service worker may import later only what it imported while it was installed, so installing calls this as well: the
 * browser then keeps the script, and checks it for changes, together with `sw.js`. Throws `unsupported` where the script is missing.
 */
export function importEngineScript(scope: EngineScope): EngineScript {
  try {
    if (scope.opamMirrorEngine === undefined) scope.importScripts(__ENGINE_SCRIPT__);
    if (scope.opamMirrorEngine !== undefined) return scope.opamMirrorEngine;
    throw new TypeError("it defines no engine");
  } catch (thrown) {
    const advice = `Put ${__ENGINE_SCRIPT__.replace(/\?.*/, "")} beside the service worker's script (opam-web-mirror init copies both), then reload.`;
    throw new MirrorError("unsupported", { feature: "the script for syncs without a page", advice }, thrown);
  }
}
