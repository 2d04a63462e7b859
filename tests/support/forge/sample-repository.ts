import { Random } from "../../fixtures/random.ts";
import { blob, type CommitParts, commit, file, folder, type GitObject, type TreeEntry, tree } from "./git-object.ts";

export interface SampleOptions {
  /** Further entries of the root folder, of `packages/`, and of `packages/alpha/alpha.1.0/`. */
  readonly root?: readonly TreeEntry[];
  readonly packages?: readonly TreeEntry[];
  readonly version?: readonly TreeEntry[];
  /** Objects that those entries name, or that nothing names. */
  readonly objects?: readonly GitObject[];
  readonly commit?: Partial<CommitParts>;
  /** Keep the order in which entries are given, the extra ones last. */
  readonly unsorted?: boolean;
}

export interface Sample {
  /** Commit first, then trees, then blobs: the order in which Git sends them. */
  readonly objects: readonly GitObject[];
  readonly tip: GitObject;
  readonly root: GitObject;
  readonly packages: GitObject;
  /** The folder `packages/alpha/alpha.1.0`. */
  readonly version: GitObject;
  /** The file `packages/alpha/alpha.1.0/opam`, and that of `alpha.1.1`: texts that resemble each other. */
  readonly opam: GitObject;
  readonly nextOpam: GitObject;
}

/** A small right opam repository, different for every seed, with room for one thing that is wrong. */
export function sampleRepository(seed: string, options: SampleOptions = {}): Sample {
  const random = new Random(`sample/${seed}`);
  const sort = { sort: options.unsorted !== true };
  const note = Array.from({ length: 12 }, () => random.uint32().toString(36)).join(" ");
  const text = (name: string, version: string) =>
    `opam-version: "2.0"\nname: "${name}"\nversion: "${version}"\nsynopsis: "${note}"\nmaintainer: "Ada <ada@example.org>"\nhomepage: "https://example.org/${name}"\n`;
  const opam = blob(text("alpha", "1.0"));
  const nextOpam = blob(text("alpha", "1.1"));
  const other = blob(text("beta", "0.3"));
  const repo = blob('opam-version: "2.0"\nbrowse: "https://example.org/pkg"\n');
  const release = blob("0.9.0");
  const version = tree([file("opam", opam), ...(options.version ?? [])], sort);
  const next = tree([file("opam", nextOpam)]);
  const alpha = tree([folder("alpha.1.0", version), folder("alpha.1.1", next)]);
  const betaVersion = tree([file("opam", other)]);
  const beta = tree([folder("beta.0.3", betaVersion)]);
  const packages = tree([folder("alpha", alpha), folder("beta", beta), ...(options.packages ?? [])], sort);
  const root = tree(
    [folder("packages", packages), file("repo", repo), file("version", release), ...(options.root ?? [])],
    sort,
  );
  const tip = commit({ tree: root.oid, parents: [random.pick(["1", "2", "3"]).repeat(40)], ...options.commit });
  const own = [tip, root, packages, alpha, version, next, beta, betaVersion, opam, nextOpam, other, repo, release];
  return { objects: [...own, ...(options.objects ?? [])], tip, root, packages, version, opam, nextOpam };
}
