import { Buffer } from "buffer";

// isomorphic-git expects Node's Buffer as a global. Imported for this effect, before isomorphic-git, by entries that run the engine.
const host = globalThis as { Buffer?: unknown };
host.Buffer ??= Buffer;
