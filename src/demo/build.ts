import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { git } from "../gateway/git-command.ts";
import { type DemoPackage, type DemoVersion, demoPackages } from "./catalog.ts";
import { fastImport } from "./fast-import.ts";
import { opamFile } from "./opam-file.ts";
import { sourceArchives, sourceFolder } from "./source-archive.ts";

/** Where the opam files say their archives are. No such host exists: they are reached through the mirror only. */
export const demoArchiveOrigin = "https://demo.opam-web-mirror.invalid";

export interface DemoRepository {
  /** Absolute path of a bare Git repository. */
  readonly gitDirectory: string;
  /** Absolute path of a folder with the layout of an opam cache, holding every archive under each of its checksums. */
  readonly cacheDirectory: string;
  /** The newest commit is on `branch`, the one before it on `previous`. */
  readonly branch: string;
  readonly commit: string;
  /** The address shown to people. */
  readonly remote: string;
}

const secondRelease = 1_735_689_600; // 2025-01-01
const firstRelease = 1_704_067_200; // 2024-01-01

/** Builds the demo repository below `directory`, which must not exist. The commit is the same each time. Throws when Git is missing. */
export async function buildDemoRepository(directory: string): Promise<DemoRepository> {
  const gitDirectory = join(directory, "repository.git");
  const cacheDirectory = join(directory, "cache");
  await mkdir(directory, { recursive: true });
  const common: [string, Buffer][] = [
    [
      "repo",
      Buffer.from(
        `opam-version: "2.0"\nbrowse: "${demoArchiveOrigin}/"\nupstream: "${demoArchiveOrigin}/tree/"\nannounce: [\n  "These packages are examples that come with opam-web-mirror."\n]\n`,
      ),
    ],
    ["version", Buffer.from("0.9.0\n")],
    [
      "README.md",
      Buffer.from("# Demo repository of opam-web-mirror\n\nSmall OCaml libraries, written to try a mirror on.\n"),
    ],
  ];
  const first = new Map(common);
  const second = new Map(common);
  for (const demo of demoPackages) {
    const archives = sourceArchives(demo, firstRelease);
    for (const [index, version] of demo.versions.entries()) {
      const { opam, archive, extra } = packed(demo, version, archives.get(version));
      for (const bytes of [archive, extra]) if (bytes !== null) await store(cacheDirectory, bytes);
      const path = ["packages", demo.folder, `${demo.name}.${version.version}`, "opam"]
        .filter((segment) => segment !== "")
        .join("/");
      second.set(path, Buffer.from(opam));
      if (index === 0 || index < demo.versions.length - 1) first.set(path, Buffer.from(opam));
    }
  }
  await git([
    "init",
    "--quiet",
    "--bare",
    "--initial-branch=master",
    "--object-format=sha1",
    "--template=",
    gitDirectory,
  ]);
  const stream = fastImport([
    { branch: "previous", from: null, message: "First releases", date: firstRelease, tree: first },
    {
      branch: "master",
      from: "previous",
      message: "Newer releases of most packages",
      date: secondRelease,
      tree: second,
    },
  ]);
  await git(["-C", gitDirectory, "fast-import", "--quiet"], { input: stream });
  const commit = (await git(["-C", gitDirectory, "rev-parse", "refs/heads/master"])).trim();
  return { gitDirectory, cacheDirectory, branch: "master", commit, remote: `${demoArchiveOrigin}/opam-repository.git` };
}

function packed(
  demo: DemoPackage,
  version: DemoVersion,
  archive: Buffer | undefined,
): { opam: string; archive: Buffer | null; extra: Buffer | null } {
  const source =
    archive === undefined
      ? null
      : { url: `${demoArchiveOrigin}/archives/${demo.name}-${version.version}.tar.gz`, bytes: archive };
  const name = version.extraSource;
  const extra =
    name === undefined
      ? null
      : { name, url: `${demoArchiveOrigin}/files/${name}`, bytes: readFileSync(join(sourceFolder(), "extra", name)) };
  return { opam: opamFile(demo, version, source, extra), archive: source?.bytes ?? null, extra: extra?.bytes ?? null };
}

async function store(cacheDirectory: string, bytes: Buffer): Promise<void> {
  for (const algorithm of ["md5", "sha256", "sha512"]) {
    const hex = createHash(algorithm).update(bytes).digest("hex");
    const path = join(cacheDirectory, algorithm, hex.slice(0, 2), hex);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}
