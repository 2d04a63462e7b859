import type { Transform } from "node:stream";
import type { Network } from "./address.ts";

/** One `--repository [NAME=]URL[#BRANCH]`. */
export interface RepositoryOption {
  /** `[a-z0-9][a-z0-9._-]*`, unique; null when none was given (the first such repository is called `default`). */
  readonly name: string | null;
  /** `https://…`, `http://…`, `file://…` or a local path, as the operator wrote it. */
  readonly url: string;
  /** Branch or tag; null follows the remote's HEAD. */
  readonly branch: string | null;
}

/** One `--origin [NAME=]URL`; a null name means the first repository. */
export interface OriginOption {
  readonly name: string | null;
  readonly url: string;
}

/** One `--keep [NAME=]WHAT`. */
export interface KeepOption {
  /** Null stands for every repository. */
  readonly repository: string | null;
  /** `*`, a package's name, or `name.version`. */
  readonly what: string;
}

export interface Hook {
  /** Where a request starts a sync of every repository, below the base path; null leaves `opam/<repository>/update` alone. */
  readonly path: string | null;
  /** What a request must know; null lets everybody start a sync. */
  readonly token: string | null;
}

export interface GitExchange {
  readonly repository: string;
  readonly request: "info/refs" | "git-upload-pack";
}

/** Everything the command line can say, and a few things that only tests and benchmarks do. */
export interface GatewayOptions {
  /** 0 picks a free port. Default 8080. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /**
   * Names that requests may reach the server by, in lower case, besides `host`, addresses, and names of the machine itself. Default: any, as behind
   * a proxy that passes its own name on.
   */
  readonly serverNames?: readonly string[];
  /** Default: opam-repository on GitHub, or the demo repository when that cannot be reached. */
  readonly repositories?: readonly RepositoryOption[];
  readonly origins?: readonly OriginOption[];
  /** URLs or folders with the layout `<algorithm>/<first two digits>/<digits>`. */
  readonly upstreamCaches?: readonly string[];
  /** Where the mirror and fetched archives are kept; a temporary folder, removed at the end, without it. */
  readonly data?: string;
  /** Keeps the mirror in memory. */
  readonly memory?: boolean;
  /** Whether the gateway has a mirror of its own, for native clients. Default true; without it `opam/…` is answered by browsers alone. */
  readonly mirror?: boolean;
  /** Serves the archives that are here already, and fetches none. */
  readonly skipDownload?: boolean;
  /** Networks whose addresses opam files may name although they are not public ones: whoever writes to a repository can ask their services. */
  readonly sourceNetworks?: readonly Network[];
  /** Archives that are fetched at a time. Default 20. */
  readonly parallelDownloads?: number;
  /** Milliseconds after which `gateway/archive/…` answers 503 for an archive that is still being fetched. Default 10 s. */
  readonly archiveAnswerMs?: number;
  /** Serves no archive of which only an md5 is known. */
  readonly strictChecksums?: boolean;
  /** Archives that are fetched ahead and never evicted. */
  readonly keep?: readonly KeepOption[];
  /** Bytes that fetched archives may take, kept or not. Default: no limit for those that are kept, 2 GiB for all others. */
  readonly archiveLimitBytes?: number;
  /** Caches of archives that the served `repo` files name behind our own. */
  readonly archiveMirrors?: readonly string[];
  /** How a sync is started from outside, besides `opam/<repository>/update`. */
  readonly hook?: Hook;
  /** Takes the mirror in `data` for empty, and fetches everything again. */
  readonly ignoreLocal?: boolean;
  /** Milliseconds between two syncs. Default one hour. */
  readonly updateMs?: number;
  /** Path below which everything is served. Default `/`. */
  readonly base?: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Receives what happens. Default: nothing is logged. */
  readonly log?: Log;
  /** The built app. Default: `dist/app` of this package. */
  readonly appDirectory?: string;
  /** What is followed when `repositories` is empty. */
  readonly defaultRemote?: RepositoryOption;
  /** Seen by tests only: a transform put into the body of a Git answer, to slow it down or to damage it. */
  readonly onGitResponse?: (exchange: GitExchange) => Transform | undefined;
  /** Limits the body of each Git answer. */
  readonly throttleBytesPerSecond?: number;
}

/** A line without its end, and what it is made of for programs that read logs. */
export type Log = (line: string, facts?: Readonly<Record<string, unknown>>) => void;
