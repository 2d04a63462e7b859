import { MirrorError } from "../../../src/core/errors.ts";
import type { Status } from "../../../src/protocol/status.ts";
import type { UpdateChanges } from "../../../src/protocol/updates.ts";
import { repositoryStatus, statusOf } from "../fake-mirror.ts";

const unreachable = new MirrorError("remote-unreachable", {
  remote: "https://github.com/ocaml/opam-repository.git",
  reason: "the connection was refused",
}).toJSON();

const nothing = { commit: null, committedAt: null, packages: 0, versions: 0, lastSync: null } as const;
const noArchives = { known: 0, stored: 0, storedBytes: 0, active: [], failed: [] } as const;
const receive = { bytes: 7_420_000, objects: 28_411, totalObjects: 42_156 };

/** The pictures that the dashboard must be able to make, by the name in `?scenario=`. */
export const scenarios: Readonly<Record<string, Status>> = {
  ready: statusOf([repositoryStatus({})]),
  empty: statusOf([repositoryStatus({ ...nothing, archives: noArchives, state: "empty" })], {
    availability: { longestGapMs: 0, requests: 0, p50Ms: 0, p99Ms: 0 },
    storage: { usageBytes: 12_400, quotaBytes: 61_200_000_000, persisted: false },
  }),
  cloning: statusOf(
    [repositoryStatus({ ...nothing, archives: noArchives, state: "syncing", phase: "receive", progress: receive })],
    {
      storage: { usageBytes: 7_500_000, quotaBytes: 61_200_000_000, persisted: false },
    },
  ),
  updating: statusOf([
    repositoryStatus({
      state: "syncing",
      phase: "resolve",
      progress: { bytes: 68_000, objects: 90, totalObjects: 240 },
    }),
  ]),
  failed: statusOf([
    repositoryStatus({
      ...nothing,
      archives: noArchives,
      state: "error",
      lastSync: { startedAt: "2026-08-27T11:59:03Z", durationMs: 812, changedFiles: 0, error: unreachable },
    }),
  ]),
  stale: statusOf([
    repositoryStatus({
      state: "error",
      lastSync: { startedAt: "2026-08-27T11:59:03Z", durationMs: 812, changedFiles: 0, error: unreachable },
      parseErrors: [
        { path: "packages/broken/broken.0.1/opam", message: "line 12: expected a string, found `]`" },
        { path: "packages/odd/odd.2.0/opam", message: "line 3: the field `depends` appears twice" },
      ],
    }),
  ]),
  several: statusOf([
    repositoryStatus({
      notice: "The remote could not be reached: this is the demo repository, built by the server at its start.",
    }),
    repositoryStatus({
      ...nothing,
      archives: noArchives,
      name: "coq-released",
      remote: "https://github.com/coq/opam.git",
      state: "syncing",
      phase: "discover",
    }),
    repositoryStatus({
      name: "overlay-of-my-company-and-friends",
      remote: "https://git.example.org/overlays/our-own-packages.git",
      branch: "main",
      packages: 12,
      versions: 31,
      commit: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    }),
  ]),
};

const versions = (count: number, name: string) => ({
  total: count,
  names: Array.from({ length: Math.min(count, 100) }, (_, i) => `${name}.${i + 1}.0`),
});

/** Five updates, newest first: an ordinary one, one without versions, a large one. */
export const recentUpdates: readonly UpdateChanges[] = [
  { added: versions(5, "conf-libssl"), changed: versions(3, "dune"), removed: versions(0, "") },
  { added: versions(0, ""), changed: versions(0, ""), removed: versions(0, "") },
  { added: versions(1_204, "coq-mathcomp-analysis"), changed: versions(1, "ocaml"), removed: versions(7, "tezos") },
  { added: versions(1, "yojson"), changed: versions(0, ""), removed: versions(0, "") },
  { added: versions(0, ""), changed: versions(2, "zarith"), removed: versions(1, "zed") },
].map((kinds, i) => ({
  publishedAt: new Date(Date.UTC(2026, 7, 27, 11 - i, 52, 3)).toISOString(),
  commit: `${9 - i}7014be61691efb695da5de8e860cba5d74fa1f5`,
  committedAt: new Date(Date.UTC(2026, 7, 27, 9 - i, 41, 12)).toISOString(),
  before: `${8 - i}7014be61691efb695da5de8e860cba5d74fa1f5`,
  ...kinds,
}));
