import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ArchiveCatalog } from "../../src/serve/archive-catalog.ts";
import { launch } from "../support/browsers/browser.ts";
import { eventually } from "../support/eventually.ts";
import { testGateway } from "../support/gateway.ts";
import { nodeSlice, openNodeMirror } from "../support/node-mirror.ts";
import { realData, skipReason } from "../support/real-data.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { statusOf } from "../support/serving/page-requests.ts";

const algorithms = ["md5", "sha256", "sha512"] as const;

interface RealArchive {
  readonly sums: Readonly<Record<(typeof algorithms)[number], string>>;
  /** Addresses that opam files name. */
  readonly urls: readonly string[];
}

async function realArchives(cache: string): Promise<RealArchive["sums"][]> {
  const files = await readdir(join(cache, "sha256"), { recursive: true, withFileTypes: true });
  const archives: RealArchive["sums"][] = [];
  for (const file of files) {
    if (!file.isFile()) continue;
    const bytes = await readFile(join(file.parentPath, file.name));
    const sums = algorithms.map((algorithm) => [algorithm, createHash(algorithm).update(bytes).digest("hex")]);
    archives.push(Object.fromEntries(sums) as RealArchive["sums"]);
  }
  return archives;
}

test("every real archive comes by each of its checksums and by its address, and again without the server", async (context) => {
  const data = realData();
  if (data === null) return context.skip(skipReason() ?? "");
  await using gateway = await testGateway({
    repository: `${data.repository}#master`,
    upstreamCaches: [data.cache],
  });
  const mirror = await openNodeMirror({ remote: `${gateway.page}git/default`, branch: "master" });
  expect((await mirror.sync()).lastSync?.error).toBeNull();
  const catalog = new ArchiveCatalog({
    store: mirror.store,
    openSnapshot: (name) => mirror.snapshots.current(name),
    slice: nodeSlice,
  });
  const archives: RealArchive[] = [];
  for (const sums of await realArchives(data.cache)) {
    const urls = new Set<string>();
    for (const algorithm of algorithms) {
      const known = await catalog.sourcesOf("default", { algorithm, hex: sums[algorithm] });
      for (const url of known?.urls ?? []) urls.add(url);
    }
    archives.push({ sums, urls: [...urls] });
  }
  await mirror.close();
  expect(archives).toHaveLength(385);
  const addresses = archives.flatMap(({ urls }) => urls);
  expect(addresses.length).toBeGreaterThan(385 * 0.9);

  const browser = await launch("chromium");
  try {
    const root = `${gateway.page}opam/default/`;
    await dashboardReady(await browser.open(gateway.page), 60_000);
    // A page without the app's own content security policy.
    const page = await browser.open(`${gateway.page}healthz`);
    const known = async () => (await statusOf(page, root)).repositories[0]?.archives.known ?? 0;
    await eventually(async () => (await known()) > 10_000, 60_000);
    const expected = new Map<string, string>();
    for (const { sums, urls } of archives) {
      for (const algorithm of algorithms) {
        const hex = sums[algorithm];
        expected.set(`${root}cache/${algorithm}/${hex.slice(0, 2)}/${hex}`, sums.sha256);
      }
      for (const url of urls) expected.set(url, sums.sha256);
    }
    const wrong = async () => {
      const asked = [...expected.keys()];
      const found = await page.evaluate(async (urls) => {
        const answers: string[] = [];
        let next = 0;
        const lane = async () => {
          for (let at = next++; at < urls.length; at = next++) {
            try {
              const response = await fetch(urls[at]!, { cache: "no-store" });
              const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
              answers[at] = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
              if (response.status !== 200) answers[at] = String(response.status);
            } catch (error) {
              answers[at] = String(error);
            }
          }
        };
        await Promise.all([lane(), lane(), lane(), lane()]);
        return answers;
      }, asked);
      return asked.flatMap((url, i) => (found[i] === expected.get(url) ? [] : [`${url}: ${found[i]}`]));
    };
    expect(await wrong()).toEqual([]);
    expect((await statusOf(page, root)).repositories[0]?.archives).toMatchObject({ stored: 385, failed: [] });
    await gateway.close();
    await browser.stopServiceWorkers?.();
    expect(await wrong()).toEqual([]);
    console.log(`${expected.size} requests, ${addresses.length} of them by an address of opam files, twice`);
  } finally {
    await browser.close();
  }
});
