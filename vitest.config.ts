import { defineConfig } from "vitest/config";

/** Suites that start browsers: one at a time, since they share the machine and some measure it. */
const oneAtATime = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    environment: "node",
    // Where a verdict on a change is wanted; what needed the second attempt is listed at the end (docs/decisions/023).
    retry: process.env.CI === undefined ? 0 : 1,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.{ts,tsx}"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          // One suite for every store and host that runs on Node, and what needs real Git servers.
          name: "contract",
          // Most of it waits for servers and deadlines: two files at a time also on two processors.
          maxWorkers: 2,
          include: ["tests/contract/**/*.test.ts"],
          // What runs a contract in a browser says so in its name.
          exclude: ["tests/contract/**/*browser*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: [
            "tests/contract/**/*browser*.test.ts",
            "tests/browser/**/*.test.ts",
            "tests/availability/**/*.test.ts",
          ],
          sequence: { groupOrder: 1 },
          ...oneAtATime,
        },
      },
      {
        extends: true,
        test: { name: "e2e", include: ["tests/e2e/**/*.test.ts"], sequence: { groupOrder: 2 }, ...oneAtATime },
      },
      {
        extends: true,
        test: {
          name: "slow",
          include: ["tests/slow/**/*.test.ts"],
          sequence: { groupOrder: 3 },
          ...oneAtATime,
          testTimeout: 1_800_000,
        },
      },
    ],
  },
});
