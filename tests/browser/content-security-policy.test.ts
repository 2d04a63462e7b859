import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import type { openMirror } from "../../src/client/mirror.ts";
import { browserNames, launch, skipReason, type TestBrowser } from "../support/browsers/browser.ts";

const origin = "https://opam.ocaml.org";
const scripts = "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'";
/** What a host page's server says, and what has to be added to it. */
const policies: Readonly<Record<string, { policy: string | null; add: string | null }>> = {
  none: { policy: null, add: null },
  listed: { policy: `default-src 'self'; ${scripts}; connect-src 'self' ${origin}`, add: null },
  self: { policy: `${scripts}; connect-src 'self'`, add: `connect-src ${origin}` },
  "by-default": { policy: `default-src 'self'; ${scripts}`, add: `connect-src ${origin}` },
};

type OpenMirror = typeof openMirror;
const opening =
  '<script type="module">import { openMirror } from "/opam-web-mirror.js"; globalThis.openMirror = openMirror;</script>';

let server: Server;
let site: string;

/** A site of somebody else with a mirror in it: pages with a policy in their header, or in a meta element. */
beforeAll(async () => {
  const built = fileURLToPath(new URL("../../dist/client/", import.meta.url));
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const known = policies[searchParams.get("policy") ?? ""];
    if (pathname === "/") {
      const policy = known?.policy ?? null;
      const inHeader = searchParams.get("in") === "header";
      const meta = inHeader || policy === null ? "" : `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
      const headers = inHeader && policy !== null ? { "content-security-policy": policy } : {};
      response.writeHead(200, { "content-type": "text/html", ...headers }).end(`<!doctype html>${meta}${opening}`);
      return;
    }
    readFile(built + pathname.slice(1)).then(
      (script) => response.writeHead(200, { "content-type": "text/javascript" }).end(script),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  site = `http://localhost:${(server.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe.each(browserNames)("a host page's content security policy in %s", (name) => {
  const missing = skipReason(name);
  let browser: TestBrowser;

  beforeAll(async () => {
    if (missing === null) browser = await launch(name);
  });
  afterAll(() => browser?.close());

  function check(title: string, body: (context: TestContext) => Promise<void>): void {
    test(title, (context) => (missing === null ? body(context) : context.skip(missing)));
  }

  for (const where of ["header", "meta"])
    check(`in its ${where}: a public address that it blocks is found, with the directive to add`, async () => {
      for (const [policy, { add }] of Object.entries(policies)) {
        const page = await browser.open(`${site}?policy=${policy}&in=${where}`);
        const blocked = await page.evaluate(
          async (origin, isBlocked) => {
            const { openMirror } = globalThis as unknown as { openMirror: OpenMirror };
            const repository = { name: "default", remote: origin, gitUrl: "git/default", branch: null };
            const mirror = await openMirror({
              repositories: [{ ...repository, origins: [`${origin}/`], upstream: false }],
              autoUpdate: false,
            });
            if (isBlocked) await new Promise((resolve) => mirror.onBlocked(resolve));
            // What is not blocked has been tried out by now, and was answered.
            else await fetch(`${origin}/repo`, { method: "OPTIONS", credentials: "omit" });
            const { blocked } = mirror;
            await mirror.close();
            return blocked;
          },
          origin,
          add !== null,
        );
        const found = add === null ? [] : [{ url: expect.stringMatching(/^https:\/\/opam\.ocaml\.org/), add }];
        expect([policy, blocked]).toEqual([policy, found]);
        await page.close();
      }
    });
});
