import { MirrorError } from "../../../src/core/errors.ts";
import type { ArchiveProblem } from "../../../src/core/opam/archive-problem.ts";
import type { KeepingStatus } from "../../../src/protocol/keeping.ts";
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

const gigabyte = 1_000_000_000;
const noKeeping: KeepingStatus = {
  state: "idle",
  limitBytes: null,
  kept: [{ repository: "default", what: [] }],
  wanted: 0,
  stored: 0,
  storedBytes: 148_300_000,
  pinnedBytes: 0,
  archives: 214,
  waiting: 0,
  fetched: { count: 0, bytes: 0 },
  active: [],
  failures: [],
  verify: null,
};
const hex = (seed: string) => seed.repeat(64);

/** What the page "Archives" must be able to show, by the name in `&keeping=`. */
export const keepings: Readonly<Record<string, KeepingStatus>> = {
  nothing: noKeeping,
  downloading: {
    ...noKeeping,
    state: "downloading",
    limitBytes: 4 * gigabyte,
    kept: [{ repository: "default", what: ["*", "dune", "lwt.5.7.0"] }],
    wanted: 11_310,
    stored: 4_218,
    storedBytes: 2_310_000_000,
    pinnedBytes: 2_180_000_000,
    archives: 4_391,
    waiting: 7_049,
    fetched: { count: 4_004, bytes: 2_031_700_000 },
    active: [
      { checksum: `sha256=${hex("1")}`, label: "dune.3.16.0", bytes: 1_120_000, totalBytes: 2_480_000 },
      { checksum: `sha256=${hex("2")}`, label: "coq-mathcomp-analysis.1.3.1", bytes: 640_000, totalBytes: 704_000 },
      { checksum: `sha512=${hex("3")}`, label: "tezos.17.0", bytes: 12_800_000, totalBytes: 48_100_000 },
      {
        checksum: `sha512=${hex("4")}`,
        label: "ocaml-base-compiler.5.2.0 (alt-signal-stack.patch)",
        bytes: 0,
        totalBytes: null,
      },
    ],
    failures: [
      {
        reason: "The last source answered with HTTP status 404.",
        count: 37,
        archives: ["zmq.5.1.0", "xapi-idl.0.10.0"].map((label, i) => ({
          checksum: `md5=${hex(`${5 + i}`).slice(0, 32)}`,
          label,
        })),
      },
      {
        reason: "What a source sent does not match the checksums.",
        count: 2,
        archives: [{ checksum: `sha256=${hex("6")}`, label: "ledit.2.05" }],
      },
    ],
  },
  paused: {
    ...noKeeping,
    state: "paused",
    kept: [
      { repository: "default", what: ["dune"] },
      { repository: "overlay-of-my-company-and-friends", what: ["*"] },
    ],
    wanted: 158,
    stored: 41,
    pinnedBytes: 61_000_000,
    waiting: 117,
    verify: { running: false, checked: 214, total: 214, bad: [], finishedAt: "2026-08-27T11:40:00Z" },
  },
};

/** One of each kind, and many of one. */
export const archiveProblems: readonly ArchiveProblem[] = [
  { kind: "parse", path: "packages/broken/broken.0.1/opam", message: "line 12: expected a string, found `]`" },
  { kind: "no-checksum", path: "packages/bare/bare.1.0/opam", message: "url has no checksum" },
  { kind: "weak-checksum", path: "packages/old/old.0.9/opam", message: "url has no other checksum than md5" },
  {
    kind: "conflict",
    path: "packages/twice/twice.2.0/opam",
    message: "names another sha256 than packages/twice/twice.1.0/opam for the same URL or checksum",
  },
  ...Array.from({ length: 60 }, (_, i) => ({
    kind: "not-an-archive" as const,
    path: `packages/dev-${i}/dev-${i}.dev/opam`,
    message: "url: its address is not one of a file that can be mirrored",
  })),
];
