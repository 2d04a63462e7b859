import { asMirrorError, MirrorError } from "../core/errors.ts";
import { evaluatePreconditions, rangeApplies } from "../core/http/conditional.ts";
import { type AnswerSource, commonHeaders } from "../core/http/headers.ts";
import { type AnsweringHost, problemOf, problemStatus, retryAfterSeconds } from "../core/http/problem.ts";
import { contentRange, parseRange, unsatisfiedRange } from "../core/http/range.ts";
import type { ArchiveStream } from "./ports.ts";

/** Text is served as this: browsers show it and run nothing. */
export const textType = "text/plain; charset=utf-8";

/** One representation, described without its bytes: they are read only where the answer needs them. */
export interface Entity {
  /** For messages. */
  readonly path: string;
  /** Quoted and strong; null where it is not known yet, and nothing is asked that depends on it. */
  readonly etag: string | null;
  /** HTTP-date or null. */
  readonly lastModified: string | null;
  readonly type: string;
  readonly source: AnswerSource;
  /** Whether the bytes at this URL can never change. */
  readonly immutable: boolean;
  /**
   * Whole bytes wherever they fit into memory: a service worker stopped in mid-body completes Blobs and buffers, and breaks streams.
   */
  body(): Promise<Uint8Array<ArrayBuffer> | Blob | ArchiveStream>;
}

/**
 * What a page's data pipe takes at once, with room to spare: the whole body has left the service worker in the turn of its response, so that
 * nothing is lost when it is stopped. In Chromium bytes become a Blob of the browser process otherwise (docs/decisions/037-small-bodies.md).
 */
const pipedBytes = 32 * 1024;

/**
 * GET or HEAD of an entity. `piped`: small bodies are handed over as streams that hold all their bytes. Throws `precondition-failed`,
 * `range-unsatisfiable`, and what `entity.body` throws.
 */
export async function respondEntity(
  request: Request,
  entity: Entity,
  nowSeconds: number,
  piped: boolean = false,
): Promise<Response> {
  const field = (name: string) => request.headers.get(name);
  const headers: Record<string, string> = {
    ...commonHeaders(entity.source),
    ...(entity.etag === null ? {} : { ETag: entity.etag }),
    ...(entity.lastModified === null ? {} : { "Last-Modified": entity.lastModified }),
    "Cache-Control": entity.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    "Accept-Ranges": "bytes",
  };
  const validators = { etag: entity.etag ?? "", lastModified: entity.lastModified };
  const precondition = evaluatePreconditions(field, validators, nowSeconds);
  if (precondition === "failed") throw new MirrorError("precondition-failed", { path: entity.path });
  if (precondition === "not-modified") return new Response(null, { status: 304, headers });

  const body = await entity.body();
  const size = body instanceof Uint8Array ? body.length : body.size;
  headers["Content-Type"] = entity.type;
  const head = request.method === "HEAD";
  if (size === null) return new Response(part(body, 0, Number.POSITIVE_INFINITY), { status: 200, headers });
  // RFC 9110 §14.2: Range is defined for GET only.
  const range = parseRange(!head && rangeApplies(field, validators) ? field("range") : null, size);
  if (range.type === "unsatisfiable") {
    throw new MirrorError("range-unsatisfiable", { range: (field("range") ?? "").slice(0, 100), size });
  }
  if (range.type === "part") {
    headers["Content-Range"] = contentRange(range.first, range.last, size);
    headers["Content-Length"] = String(range.last - range.first + 1);
    return new Response(part(body, range.first, range.last), { status: 206, headers });
  }
  headers["Content-Length"] = String(size);
  if (head) return new Response(null, { status: 200, headers });
  if (piped && size <= pipedBytes && body instanceof Uint8Array) {
    return new Response(stream(body), { status: 200, headers });
  }
  return new Response("open" in body ? part(body, 0, Number.POSITIVE_INFINITY) : body, { status: 200, headers });
}

function stream(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start: (controller) => {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function part(body: Awaited<ReturnType<Entity["body"]>>, first: number, last: number): BodyInit {
  return "open" in body ? body.open(first, last) : body.slice(first, last + 1);
}

/** Any failure as `application/problem+json`. `allow`: value of Allow for a 405. */
export function respondProblem(
  request: Request,
  thrown: unknown,
  host: AnsweringHost,
  source: AnswerSource,
  allow: string,
): Response {
  const error = asMirrorError(thrown);
  const problem = problemOf(error, problemStatus(error.code, host));
  const bytes = new TextEncoder().encode(`${JSON.stringify(problem)}\n`);
  const headers: Record<string, string> = {
    ...commonHeaders(source),
    "Content-Type": "application/problem+json",
    "Content-Length": String(bytes.length),
    "Cache-Control": "no-store",
  };
  if (problem.status === 405) headers.Allow = allow;
  if (problem.status === 416) headers["Content-Range"] = unsatisfiedRange(Number(problem.data.size));
  if (problem.status === 503) headers["Retry-After"] = String(retryAfterSeconds(Number(problem.data.retryAfter ?? 5)));
  return new Response(request.method === "HEAD" ? null : bytes, { status: problem.status, headers });
}

/** A JSON answer that is made for this request alone. */
export function respondJson(
  request: Request,
  value: unknown,
  status: number,
  headers: Record<string, string>,
): Response {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  return new Response(request.method === "HEAD" ? null : bytes, {
    status,
    headers: {
      ...commonHeaders("store"),
      "Content-Type": "application/json",
      "Content-Length": String(bytes.length),
      "Cache-Control": "no-store",
      ...headers,
    },
  });
}
