import { randomBytes } from "node:crypto";
import { get } from "node:http";
import type { Socket } from "node:net";

export interface TextSocket {
  send(text: string): void;
  close(): void;
}

/**
 * The part of RFC 6455 that a client needs to exchange texts with a server on loopback. Node 20 has no WebSocket
 * without a flag, and WebKit's inspector speaks nothing else.
 */
export function connectWebSocket(
  url: string,
  onText: (text: string) => void,
  onClose: () => void,
): Promise<TextSocket> {
  return new Promise((resolve, reject) => {
    const request = get(url.replace(/^ws:/, "http:"), {
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      },
    });
    request.once("error", reject);
    request.once("response", (response) => {
      response.resume();
      reject(new Error(`${url} answered ${response.statusCode} instead of a web socket.`));
    });
    request.once("upgrade", (_, socket: Socket, head) => {
      const read = frameReader(onText, (payload) => socket.write(frame(opcodes.pong, payload)));
      socket.setNoDelay(true);
      socket.on("data", read);
      socket.on("error", () => socket.destroy());
      socket.once("close", onClose);
      if (head.length > 0) read(head);
      resolve({
        send: (text) => void socket.write(frame(opcodes.text, Buffer.from(text))),
        close: () => socket.destroy(),
      });
    });
  });
}

const opcodes = { continuation: 0, text: 1, ping: 9, pong: 10 } as const;

/** A final frame; what a client sends must be masked (§5.3), and a mask of zeros is one. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size = Buffer.alloc(length < 126 ? 1 : length < 65536 ? 3 : 9);
  if (length < 126) size[0] = 0x80 | length;
  else if (length < 65536) {
    size[0] = 0x80 | 126;
    size.writeUInt16BE(length, 1);
  } else {
    size[0] = 0x80 | 127;
    size.writeBigUInt64BE(BigInt(length), 1);
  }
  return Buffer.concat([Buffer.from([0x80 | opcode]), size, Buffer.alloc(4), payload]);
}

/** Collects frames (§5.2, a server does not mask) and gives whole texts. */
function frameReader(onText: (text: string) => void, onPing: (payload: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let have = 0;
  let need = 2;
  let text: Buffer[] = [];
  return (chunk) => {
    chunks.push(chunk);
    have += chunk.length;
    while (have >= need) {
      const buffer = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      chunks = [buffer];
      const short = buffer[1]! & 0x7f;
      const header = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (have < header) {
        need = header;
        return;
      }
      const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
      need = header + length;
      if (have < need) return;
      const payload = buffer.subarray(header, need);
      const opcode = buffer[0]! & 0x0f;
      if (opcode === opcodes.ping) onPing(payload);
      else if (opcode === opcodes.text || opcode === opcodes.continuation) {
        text.push(payload);
        if (buffer[0]! & 0x80) {
          onText(Buffer.concat(text).toString("utf8"));
          text = [];
        }
      }
      chunks = [buffer.subarray(need)];
      have -= need;
      need = 2;
    }
  };
}
