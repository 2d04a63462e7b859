export function writeClientTypes(root: string, out: string): void;
