/// <reference lib="webworker" />
import "../src/platform/node-globals.ts";
import { startEngine } from "../src/worker/engine-start.ts";
import type { EngineScope } from "./engine-script.ts";

// The engine of the service worker's own thread, a script of its own: only a sync without a page needs it.
(self as unknown as EngineScope).opamMirrorEngine = startEngine;
