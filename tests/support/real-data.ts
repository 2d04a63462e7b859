import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Real opam-repository data, which is not part of this project. */
export interface RealData {
  /** A bare Git repository with the branches `master` and `previous`. */
  readonly repository: string;
  /** Real archives in the layout of a mirror's `cache` folder; only `sha256/` is there. */
  readonly cache: string;
}

/** The folder that OPAM_REAL_DATA names, else `shared/real` beside the project; null when neither is there. */
export function realData(): RealData | null {
  const beside = fileURLToPath(new URL("../../../shared/real", import.meta.url));
  const folder = process.env.OPAM_REAL_DATA || beside;
  const data: RealData = { repository: join(folder, "opam-repository.git"), cache: join(folder, "cache") };
  return existsSync(join(data.repository, "HEAD")) ? data : null;
}

/** Why checks on real data are skipped, or null. For `context.skip(note)`, which `npm test` prints. */
export function skipReason(): string | null {
  return realData() ? null : "real data: set OPAM_REAL_DATA to a folder with opam-repository.git and cache/.";
}
