/** Names of everything that is shared per origin, derived from the service worker's scope so that two mirrors on one origin do not collide. */
export interface ScopeNames {
  /** Path of the scope, e.g. `/` or `/demo/`. */
  readonly scope: string;
  readonly database: string;
  readonly leaderLock: string;
  readonly leaderChannel: string;
  readonly progressChannel: string;
  readonly appCache: (version: string) => string;
  readonly appCachePrefix: string;
  readonly gitDirectory: (repository: string) => string;
}

/** `scope` is the URL of the service worker's scope, or its path. */
export function scopeNames(scope: string): ScopeNames {
  const path = new URL(scope, "http://localhost/").pathname;
  const prefix = `opam-web-mirror${path}`;
  return {
    scope: path,
    database: prefix,
    leaderLock: `${prefix}:leader`,
    leaderChannel: `${prefix}:leader`,
    progressChannel: `${prefix}:progress`,
    appCachePrefix: `${prefix}:app:`,
    appCache: (version) => `${prefix}:app:${version}`,
    gitDirectory: (repository) => `${prefix}:git:${repository}`,
  };
}

/** What a repository is called in an opam that has others beside it: "default" is what most have already. */
export function nameBeside(repository: string): string {
  return repository === "default" ? "mirror" : repository;
}
