/** Side-band packets (Git documentation, gitprotocol-v2, "packfile"): a length, the band's number, at most 65,515 bytes. */

const dataBytes = 65_515;

/** Pack data in packets of band 1. The bytes are copied: the array is the caller's again when the last packet was taken. */
export function* packBand(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += dataBytes) yield packet(1, bytes.subarray(at, at + dataBytes));
}

/** What ends a transfer that fails, for the client to show. */
export function sideBandError(message: string): Uint8Array {
  return packet(3, new TextEncoder().encode(message.slice(0, 1000)));
}

function packet(band: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + data.length);
  const length = bytes.length.toString(16).padStart(4, "0");
  for (let i = 0; i < 4; i++) bytes[i] = length.charCodeAt(i);
  bytes[4] = band;
  bytes.set(data, 5);
  return bytes;
}
