/// <reference lib="webworker" />
import "../src/platform/node-globals.ts";
import { rareDigests } from "../src/platform/rare-digests.ts";
import { startEngine } from "../src/worker/engine-start.ts";
import type { EngineScope } from "./engine-script.ts";

// The service worker's second script: only a sync without a page, and archives that are fetched, need what it holds.
(self as unknown as EngineScope).opamMirrorEngine = { startEngine, rareDigests };
