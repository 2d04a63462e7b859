const width = 16;

/** Classic dump, sixteen bytes a line: offset, hexadecimal, printable ASCII. Everything that is not printable is a middle dot. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    const row = bytes.subarray(at, at + width);
    let hex = "";
    let text = "";
    for (let index = 0; index < row.length; index++) {
      const byte = row[index] ?? 0;
      hex += `${index === width / 2 ? " " : ""}${byte.toString(16).padStart(2, "0")} `;
      text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
    }
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(width * 3 + 1)} ${text}`);
  }
  return lines.join("\n");
}
