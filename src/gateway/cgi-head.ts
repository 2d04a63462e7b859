/** The head of a CGI answer (RFC 3875, section 6): status and headers, names in lower case. */
export interface CgiHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** What was read beyond the head: the beginning of the body. */
  readonly rest: Buffer;
}

/** Reads the head from the bytes received so far; undefined when more are needed. Throws when it is not CGI. */
export function cgiHead(bytes: Buffer): CgiHead | undefined {
  const text = bytes.toString("latin1");
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) {
    if (bytes.length > 16 * 1024) throw new Error("the head of the CGI answer is longer than 16 KiB");
    return undefined;
  }
  const headers = new Map<string, string>();
  for (const line of text.slice(0, end.index).split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw new Error("the CGI answer has a line without a colon in its head");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const status = Number.parseInt(headers.get("status") ?? "200", 10);
  headers.delete("status");
  if (!(status >= 200 && status <= 599)) throw new Error("the CGI answer has no valid status");
  return { status, headers, rest: bytes.subarray(end.index + end[0].length) };
}
