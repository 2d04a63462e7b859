import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { OperatorError } from "./operator-error.ts";

export interface WorkFolder {
  /** Survives a restart when the operator named it. */
  readonly kept: string;
  /** Of this process alone. */
  readonly scratch: string;
  /** Removes what does not survive. */
  remove(): Promise<void>;
}

/** Throws an OperatorError when a folder cannot be written. */
export async function workFolder(data: string | undefined): Promise<WorkFolder> {
  const writable = async <T>(folder: string, make: () => Promise<T>): Promise<T> => {
    try {
      return await make();
    } catch (error) {
      throw new OperatorError(
        "start",
        `The folder ${folder} cannot be written (${(error as Error).message}). Choose another one with --data.`,
        error,
      );
    }
  };
  if (data !== undefined) await writable(data, () => mkdir(resolve(data), { recursive: true }));
  const scratch = await writable(tmpdir(), () => mkdtemp(join(tmpdir(), "opam-web-mirror-")));
  return {
    kept: data === undefined ? scratch : resolve(data),
    scratch,
    remove: () => rm(scratch, { recursive: true, force: true }),
  };
}
