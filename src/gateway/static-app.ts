import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Handler } from "hono";
import type { GatewayEnv } from "./context.ts";
import { methodNotAllowed, notFound } from "./problem.ts";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

interface AppFile {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Size and modification time of the file when it was read. */
  readonly stamp: string;
}

/** The files of the built app. `connect` are the origins, besides its own, that the page may ask. */
export function staticApp(directory: string, base: string, connect: readonly string[]): Handler<GatewayEnv> {
  const files = new Map<string, AppFile>();
  const policy = [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    `connect-src ${["'self'", ...connect].join(" ")}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join("; ");

  return async (c) => {
    const path = c.req.path.slice(base.length) || "index.html";
    const name = path.split("/");
    if (name.some((segment) => !/^[\w@~-][\w.@~-]*$/.test(segment))) return notFound(c.req.path);
    const file = await load(files, directory, path);
    if (file === undefined) return notFound(c.req.path);
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return methodNotAllowed(c.req.method, "GET, HEAD");
    const type = types[extname(path)] ?? "application/octet-stream";
    const headers: Record<string, string> = {
      "content-type": type,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      etag: file.etag,
      // Vite names everything in assets/ by its content; everything else keeps its name when it changes.
      "cache-control": path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    };
    if (type.startsWith("text/html")) headers["content-security-policy"] = policy;
    if (
      c.req
        .header("if-none-match")
        ?.split(/\s*,\s*/)
        .some((tag) => tag.replace(/^W\//, "") === file.etag)
    ) {
      return new Response(null, { status: 304, headers });
    }
    headers["content-length"] = String(file.bytes.length);
    return new Response(c.req.method === "HEAD" ? null : new Uint8Array(file.bytes), { headers });
  };
}

async function load(files: Map<string, AppFile>, directory: string, path: string): Promise<AppFile | undefined> {
  const full = join(directory, path);
  const found = await stat(full).catch(() => null);
  if (!found?.isFile()) return undefined;
  const stamp = `${found.size} ${found.mtimeMs}`;
  const known = files.get(path);
  if (known?.stamp === stamp) return known;
  const bytes = await readFile(full);
  const file = { bytes, stamp, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
  files.set(path, file);
  return file;
}
