import type { Slice } from "../core/cooperation/slice.ts";
import { pieceBytes } from "./blob-bytes.ts";
import { PendingFile } from "./files-durable.ts";
import { OpenFile } from "./files-open.ts";

/** Beyond this the first line is no header, but whatever was written there. */
const headerLimit = 16 << 20;

/** A record and its bytes in one file, so that one rename replaces both: a line of JSON, then the bytes. */
export interface Container<R> {
  readonly record: R;
  readonly file: OpenFile;
  /** Where the bytes begin; they reach to the end of the file. */
  readonly bodyAt: number;
}

/** Undefined when there is no such file, or when it is not whole. */
export async function readContainer<R>(what: string, path: string): Promise<Container<R> | undefined> {
  const file = await OpenFile.open(what, path);
  if (file === undefined) return undefined;
  for (let length = 4096; ; length *= 8) {
    const bytes = await file.read(0, length);
    const end = bytes.indexOf(10);
    if (end < 0) {
      if (length >= file.size || length > headerLimit) return undefined;
      continue;
    }
    const header = parsed(bytes.subarray(0, end)) as { record?: R; length?: unknown } | null | undefined;
    if (!header?.record || header.length !== file.size - end - 1) return undefined;
    return { record: header.record, file, bodyAt: end + 1 };
  }
}

/** `body` is written piece by piece. */
export async function writeContainer(
  root: string,
  path: string,
  record: object,
  body: Uint8Array | Blob,
  durable: boolean,
  slice: Slice | undefined,
): Promise<void> {
  const pending = await PendingFile.create(root);
  try {
    const length = body instanceof Blob ? body.size : body.length;
    await pending.write(new TextEncoder().encode(`${JSON.stringify({ record, length })}\n`));
    if (body instanceof Blob) {
      for (let at = 0; at < body.size; at += pieceBytes) {
        if (slice?.due()) await slice.pause();
        await pending.write(new Uint8Array(await body.slice(at, at + pieceBytes).arrayBuffer()));
      }
    } else await pending.write(body);
    await pending.settle(path, durable);
  } catch (thrown) {
    await pending.discard();
    throw thrown;
  }
}

/** The JSON in these bytes; undefined when it is none. */
export function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
