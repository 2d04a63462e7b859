import { fileURLToPath } from "node:url";

/** What benchmarks build and keep between runs; deleting it costs only time. */
export const cacheFolder: string = fileURLToPath(new URL("../../.cache/bench", import.meta.url));
