/** The platform's streaming gzip (RFC 1952, no name, mtime 0), the same bytes for the same input on one engine. */
export function gzip(): {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<BufferSource>;
} {
  return new CompressionStream("gzip");
}
