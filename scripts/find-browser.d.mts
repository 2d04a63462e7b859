export type ProgramName = "chromium" | "firefox" | "webkit" | "opam";
export interface MissingProgram {
  readonly name: ProgramName;
  readonly reason: string;
  readonly required: boolean;
}
export function findBrowser(name: ProgramName): string | null;
export function missingBrowser(name: ProgramName): string | null;
export function ensureBrowsers(names: readonly ProgramName[], log?: (line: string) => void): Promise<MissingProgram[]>;
