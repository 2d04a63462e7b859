// Pictures of the dashboard with a fake mirror: node tests/support/dashboard-preview/capture.mjs FOLDER [NAME…]
// Without a folder it writes the two screenshots of the web app manifest.
import { existsSync, mkdirSync } from "node:fs";
import { chromium } from "@playwright/test";
import { createServer } from "vite";

const here = import.meta.dirname;
const [folder, ...only] = process.argv.slice(2);
const wide = { width: 1280, height: 800 };
const narrow = { width: 360, height: 740 };
const shots = [
  ["ready", "?scenario=ready"],
  ["updates", "?scenario=ready&updates"],
  ["cloning", "?scenario=cloning&live"],
  ["updating", "?scenario=updating"],
  ["empty", "?scenario=empty"],
  ["failed", "?scenario=failed&update"],
  ["stale", "?scenario=stale&uncontrolled"],
  ["several", "?scenario=several"],
  ["starting", "?scenario=starting"],
  ["unsupported", "?scenario=unsupported"],
  ["archives", "?scenario=ready&keeping=nothing#/archives"],
  ["archives-downloading", "?scenario=ready&keeping=downloading&problems#/archives"],
  ["archives-paused", "?scenario=several&keeping=paused#/archives"],
  ["fetch", "?scenario=ready&here#/fetch/repo"],
  ["fetch-hex", "?scenario=ready&here#/fetch/index.tar.gz"],
  ["about", "?scenario=ready#/about"],
];

const server = await createServer({ configFile: `${here}/vite.config.ts`, logLevel: "error" });
await server.listen();
const address = server.resolvedUrls.local[0];
const executablePath = existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined;
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ["--no-sandbox"] });

/** The clock stands still, so that pictures do not change with the day. */
async function open(query, viewport, colorScheme, scale = 1) {
  const page = await browser.newPage({
    viewport,
    colorScheme,
    deviceScaleFactor: scale,
    timezoneId: "UTC",
    locale: "en-GB",
  });
  page.on("pageerror", (error) => console.error(query, error.message));
  page.on(
    "console",
    (message) => message.type() === "error" && !message.text().includes("404") && console.error(query, message.text()),
  );
  await page.addInitScript(() => {
    const start = Date.now();
    const now = Date.now;
    Date.now = () => Date.parse("2026-08-27T12:00:03Z") + now() - start;
  });
  await page.goto(address + query);
  await page.waitForSelector("main");
  if (query.includes("#/fetch")) {
    await page.click("button[type=submit]");
    await page.waitForSelector(".answer");
  }
  await page.waitForTimeout(query.includes("live") ? 1500 : 300);
  return page;
}

try {
  if (folder === undefined) {
    const out = `${here}/../../../public/screenshots`;
    for (const [file, query, viewport, scale] of [
      ["wide.png", "?scenario=ready", wide, 1],
      ["narrow.png", "?scenario=cloning&live", narrow, 2],
    ]) {
      const page = await open(query, viewport, "light", scale);
      await page.screenshot({ path: `${out}/${file}` });
      await page.close();
    }
  } else {
    mkdirSync(folder, { recursive: true });
    for (const [name, query] of shots) {
      if (only.length > 0 && !only.includes(name)) continue;
      for (const [size, viewport] of Object.entries({ wide, narrow })) {
        for (const scheme of ["light", "dark"]) {
          const page = await open(query, viewport, scheme);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (overflow > 0) console.error(`${name} ${size} ${scheme}: ${overflow} px too wide`);
          await page.screenshot({ path: `${folder}/${name}-${size}-${scheme}.png`, fullPage: true });
          await page.close();
        }
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
}
