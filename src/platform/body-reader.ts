/** Bytes of one read. */
const readBytes = 128 * 1024;

export interface BodyReader {
  /** The next bytes, which are the caller's until he asks for more; null at the end. */
  read(): Promise<Uint8Array | null>;
}

/** Reads a body into one buffer again and again where the browser can (byte streams, Streams Standard): a new one for each read is memory that is freed late. */
export function bodyReader(body: ReadableStream<Uint8Array>): BodyReader {
  const bytes = byteReader(body);
  if (bytes === null) {
    const reader = body.getReader();
    return {
      read: async () => {
        const { done, value } = await reader.read();
        return done ? null : value;
      },
    };
  }
  let buffer = new ArrayBuffer(readBytes);
  return {
    read: async () => {
      const { done, value } = await bytes.read(new Uint8Array(buffer));
      if (value !== undefined) buffer = value.buffer;
      return done || value === undefined ? null : value;
    },
  };
}

/** Null for a stream that is not one of bytes: only bodies that came over the network are, and not in every browser. */
function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
