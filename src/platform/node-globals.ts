import { Buffer } from "buffer";

// isomorphic-git expects Node's Buffer as a global, LightningFS the name `global` in workers. Imported for this effect, before
// either of them, by entries that run the engine.
const host = globalThis as { Buffer?: unknown; global?: unknown };
host.Buffer ??= Buffer;
host.global ??= globalThis;
