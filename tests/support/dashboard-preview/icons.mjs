// Draws the PNG icons of public/ from their SVG sources: node tests/support/dashboard-preview/icons.mjs
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { deflateSync, inflateSync } from "node:zlib";
import { chromium } from "@playwright/test";

const folder = `${import.meta.dirname}/../../../public`;
const executablePath = existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined;
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ["--no-sandbox"] });

async function draw(source, size) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const svg = readFileSync(`${folder}/icons/${source}`).toString("base64");
  await page.setContent(
    `<style>*{margin:0}img{display:block;width:${size}px;height:${size}px}</style><img src="data:image/svg+xml;base64,${svg}">`,
  );
  await page.waitForFunction(() => document.images[0].complete);
  const png = await page.screenshot({ omitBackground: true });
  await page.close();
  return recompress(png);
}

/** The browser compresses for speed: the same picture at zlib's best level. */
function recompress(png) {
  const chunks = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  const pixels = deflateSync(
    inflateSync(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data))),
    { level: 9, memLevel: 9 },
  );
  const header = chunks.find(({ type }) => type === "IHDR").data;
  return Buffer.concat([
    png.subarray(0, 8),
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), 8 + data.length);
  return out;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** An ICO file may hold a PNG as it is: a directory of one entry, then the picture. */
function ico(png, size) {
  const head = Buffer.alloc(22);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(1, 4);
  head.set([size, size], 6);
  head.writeUInt16LE(1, 10);
  head.writeUInt16LE(32, 12);
  head.writeUInt32LE(png.length, 14);
  head.writeUInt32LE(22, 18);
  return Buffer.concat([head, png]);
}

for (const [source, size, name] of [
  ["icon.svg", 192, "icons/icon-192.png"],
  ["icon.svg", 512, "icons/icon-512.png"],
  ["icon-maskable.svg", 192, "icons/icon-maskable-192.png"],
  ["icon-maskable.svg", 512, "icons/icon-maskable-512.png"],
  ["icon-maskable.svg", 180, "icons/apple-touch-icon.png"],
]) {
  writeFileSync(`${folder}/${name}`, await draw(source, size));
}
writeFileSync(`${folder}/favicon.ico`, ico(await draw("favicon.svg", 32), 32));
await browser.close();
