import { expect } from "vitest";

const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const number: unknown = expect.any(Number);

/** The whole `status` of one synced repository, for `toStrictEqual`: a field more or less is a difference. */
export function readyStatus(facts: {
  readonly remote: string;
  readonly branch: string;
  readonly commit: string;
  readonly packages: number;
  readonly versions: number;
}): unknown {
  return {
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    repositories: [
      {
        name: "default",
        ...facts,
        state: "ready",
        phase: null,
        committedAt: iso,
        progress: { bytes: number, objects: number, totalObjects: number },
        lastSync: { startedAt: iso, durationMs: number, changedFiles: number, error: null },
        archives: { known: number, stored: number, storedBytes: number, active: [], failed: [] },
        parseErrors: [],
      },
    ],
    availability: { longestGapMs: number, requests: number, p50Ms: number, p99Ms: number },
    storage: { usageBytes: number, quotaBytes: number, persisted: expect.any(Boolean) },
  };
}
