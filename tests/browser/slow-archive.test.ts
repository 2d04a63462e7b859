import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { buildDemoRepository } from "../../src/demo/build.ts";
import { launch } from "../support/browsers/browser.ts";
import { eventually } from "../support/eventually.ts";
import { sha } from "../support/fake-snapshot.ts";
import { temporaryFolder, testGateway } from "../support/gateway.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { heldCache } from "../support/serving/held-cache.ts";

test("an archive that the gateway takes long to fetch is waited for, and fetched once", async () => {
  await using folder = await temporaryFolder();
  const bytes = randomBytes(100_000);
  const hex = sha("sha256", bytes);
  const path = folder.at(`cache/sha256/${hex.slice(0, 2)}/${hex}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  const demo = await buildDemoRepository(folder.at("demo"));
  await using held = await heldCache(folder.at("cache"), 0);
  await using gateway = await testGateway({
    repository: demo.gitDirectory,
    upstreamCaches: [held.url],
    archiveAnswerMs: 100,
  });
  const browser = await launch("chromium");
  try {
    const page = await browser.open(gateway.page);
    await dashboardReady(page, 20_000);
    const answer = page.evaluate(async (hex) => {
      const response = await fetch(`opam/default/cache/sha256/${hex.slice(0, 2)}/${hex}`);
      return { status: response.status, size: (await response.arrayBuffer()).byteLength };
    }, hex);
    await eventually(() => Promise.resolve(held.asked.length === 1), 10_000);
    // Long after the gateway's own wait, and shorter than any deadline.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    held.release();
    expect(await answer).toEqual({ status: 200, size: bytes.length });
    expect(held.asked).toHaveLength(1);
  } finally {
    await browser.close();
  }
});
