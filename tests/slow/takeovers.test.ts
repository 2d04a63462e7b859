export {};

// The takeovers of tests/browser, each as often as RACE_TIMES says.
process.env.RACE_TIMES ??= "200";
await import("../browser/tabs.test.ts");
await import("../browser/takeover.test.ts");
await import("../browser/clear-site-data.test.ts");
