const units = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** U+00A0 keeps a number and its unit on one line. */
const space = "\u00a0";

/** Three significant digits in SI units (1 kB = 1000 bytes): `999 bytes`, `10.5 MB`. Below zero and not finite count as unknown: `–`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return "–";
  if (bytes < 999.5) return `${Math.round(bytes)}${space}${Math.round(bytes) === 1 ? "byte" : "bytes"}`;
  let value = bytes;
  let unit = 0;
  // 999.5 and not 1000: what would round up to "1000 kB" is written "1 MB".
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)}${space}${units[unit]}`;
}

/** Bytes a second: `4.2 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return Number.isFinite(bytesPerSecond) && bytesPerSecond >= 0 ? `${formatBytes(bytesPerSecond)}/s` : "–";
}

function threeDigits(value: number): string {
  if (value >= 999.5) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
