/**
 * The platform's streaming gzip (RFC 1952, no name, mtime 0), the same bytes for the same input on one engine. What was written may be
 * overwritten once the write has resolved: the Compression Streams standard has it compressed by then.
 */
export function gzip(): {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
} {
  const compressor = new CompressionStream("gzip");
  if (!("process" in globalThis)) return compressor;
  // Node resolves as soon as its queue has room, and compresses later.
  const copier = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (chunk, controller) => controller.enqueue(chunk.slice()),
  });
  return { readable: copier.readable.pipeThrough(compressor), writable: copier.writable };
}
