/** One line for each violation of the layer rules; empty when all is well. */
export function checkSources(sources: ReadonlyMap<string, string>): string[];
export function readSources(root: string): Map<string, string>;
