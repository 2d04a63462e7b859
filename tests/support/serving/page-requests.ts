import type { Status } from "../../../src/protocol/status.ts";
import type { TestPage } from "../browsers/browser.ts";
import type { HttpSend } from "../http-table.ts";

/** Paths that one call into the page asks for: what crosses into it stays below a megabyte. */
const batch = 2000;

/**
 * Fetches every path in the page, `parallel` at a time, and returns for each `<status> <X-Opam-Source> <sha256 of the
 * body>`, or the error's text. The hash is made in the page, so that all of a real repository can be compared.
 */
export async function answersOf(
  page: Pick<TestPage, "evaluate">,
  repositoryUrl: string,
  paths: readonly string[],
  parallel = 20,
): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (let at = 0; at < paths.length; at += batch) {
    const part = paths.slice(at, at + batch);
    const found = await page.evaluate(fetchAndHash, repositoryUrl, part, parallel);
    for (const [i, path] of part.entries()) answers.set(path, found[i] ?? "no answer");
  }
  return answers;
}

async function fetchAndHash(root: string, paths: readonly string[], parallel: number): Promise<string[]> {
  const answers: string[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < paths.length; at = next++) {
      try {
        const response = await fetch(new URL(encodeURI(paths[at]!), root), { cache: "no-store" });
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
        let hex = "";
        for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
        answers[at] = `${response.status} ${response.headers.get("x-opam-source")} ${hex}`;
      } catch (error) {
        answers[at] = String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return answers;
}

/** What differs between two tables of answers, as `path: found instead of expected`; at most ten lines. */
export function differences(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  const lines: string[] = [];
  for (const path of new Set([...expected.keys(), ...found.keys()])) {
    if (found.get(path) === expected.get(path)) continue;
    if (lines.length === 10) return [...lines, "and more"];
    lines.push(`${path}: ${found.get(path)} instead of ${expected.get(path)}`);
  }
  return lines;
}

/** Sends the cases of the HTTP table through the page's service worker. */
export function sendThrough(page: TestPage, repositoryUrl: string): HttpSend {
  return async (method, path, headers) => {
    const answer = await page.evaluate(
      async (url, init) => {
        const response = await fetch(url, { ...init, cache: "no-store" });
        const bytes = new Uint8Array(await response.arrayBuffer());
        let text = "";
        for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
        return { status: response.status, headers: [...response.headers], body: btoa(text) };
      },
      repositoryUrl + path,
      { method, headers: { ...headers } },
    );
    const fields = new Map(answer.headers as [string, string][]);
    return {
      status: answer.status,
      header: (name) => fields.get(name.toLowerCase()) ?? null,
      body: new Uint8Array(Buffer.from(answer.body, "base64")),
    };
  };
}

/** The bytes of one path, whatever their size. */
export async function bytesOf(page: TestPage, url: string): Promise<Buffer> {
  const key = `download-${url}`;
  const size = await page.evaluate(
    async (key, url) => {
      const response = await fetch(url, { cache: "no-store" });
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      Object.assign(globalThis, { [key]: bytes });
      return bytes.length;
    },
    key,
    url,
  );
  const parts: Buffer[] = [];
  const piece = 512 * 1024;
  for (let at = 0; at < size; at += piece) {
    const text = await page.evaluate(
      (key, from, to) => {
        const bytes = (globalThis as unknown as Record<string, Uint8Array>)[key]!.subarray(from, to);
        let text = "";
        for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
        return btoa(text);
      },
      key,
      at,
      at + piece,
    );
    parts.push(Buffer.from(text, "base64"));
  }
  await page.evaluate((key) => void delete (globalThis as unknown as Record<string, unknown>)[key], key);
  return Buffer.concat(parts);
}

/** The status that the service worker answers. Rejects when something else answers. */
export function statusOf(page: TestPage, repositoryUrl: string): Promise<Status> {
  return page.evaluate(async (url) => {
    const response = await fetch(url, { headers: { accept: "application/json" }, cache: "no-store" });
    if (response.headers.get("x-opam-source") === null) throw new Error("the service worker did not answer");
    return (await response.json()) as Status;
  }, `${repositoryUrl}status`);
}
