/** What a mirror follows: answered by the gateway as `<base>gateway/config.json`, or given to `openMirror`. */
export interface MirrorConfig {
  readonly version: string;
  readonly repositories: readonly RepositoryConfig[];
  /** Algorithms of archive lookups the gateway answers below `<base>gateway/archive/`; empty without a gateway. */
  readonly archives: boolean;
  /** Whether `<base>opam/` is answered by the server too, for native clients. */
  readonly native?: boolean;
}

export interface RepositoryConfig {
  /** Path segment below `<base>opam/`; matches `[a-z0-9][a-z0-9._-]*`. */
  readonly name: string;
  /** The address shown to people, e.g. `https://github.com/ocaml/opam-repository.git` or a local path. */
  readonly remote: string;
  /** Where the engine talks Git smart HTTP: an absolute URL, or one relative to `<base>` (`git/default`). */
  readonly gitUrl: string;
  /** Branch or tag; null follows the remote's HEAD. */
  readonly branch: string | null;
  /** Public URLs answered for as if they were `<base>opam/<name>/`; absolute, ending in `/`. */
  readonly origins: readonly string[];
  /** Whether `<base>gateway/upstream/<name>/` relays an HTTP repository with the same content. */
  readonly upstream: boolean;
  /** Caches of archives that the served `repo` file names behind our own. */
  readonly archiveMirrors?: readonly string[];
  /** Whether archives of which only an md5 is known are refused. Default false: they are served. */
  readonly strictChecksums?: boolean;
  /** See RepositoryStatus.notice. */
  readonly notice?: string;
}
