import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ustarEnd, ustarHeader, ustarPadding } from "../../src/core/tar/ustar.ts";
import { buildTarball } from "../../src/store/index-tarball.ts";
import { servedRepoFile } from "../../src/store/served-repo-file.ts";
import { fakeSnapshot, sha, testSlice } from "../support/fake-snapshot.ts";

const opam = (process.env.PATH ?? "")
  .split(":")
  .map((folder) => join(folder, "opam"))
  .find((path) => existsSync(path));
const run = promisify(execFile);

const program = Buffer.from('print_endline "demo"\n');
const source = gzipSync(
  Buffer.concat([
    ustarHeader("demo-1.0/demo.ml", program.length, 0),
    program,
    Buffer.alloc(ustarPadding(program.length)),
    ustarEnd(),
  ]),
);
const opamFile = (name: string) => `opam-version: "2.0"
synopsis: "${name}, for a test"
maintainer: "nobody@example.org"
url {
  src: "http://127.0.0.1:9/never-asked"
  checksum: ["md5=${sha("md5", source)}" "sha256=${sha("sha256", source)}"]
}
`;
const deep = `packages/group/${"sub".repeat(10)}/demo-deep/demo-deep.0.1~beta/opam`;
const snapshot = fakeSnapshot({
  repo: `opam-version: "2.0"
browse: "https://example.org/"
upstream: "https://example.org/tree/master/"
announce: [
"""
[NOTE] served from the test
""" {opam-version >= "2.0"}
"""
[NOTE] for nobody
""" {opam-version < "1.0"}
]
redirect: ["http://127.0.0.1:9/" {os = "never"}]
stamp: "old"
`,
  version: "0.9.0",
  "packages/demo/demo.1.0/opam": opamFile("demo"),
  "packages/demo/demo.2.0-1/opam": opamFile("demo"),
  [deep]: opamFile("demo-deep"),
});

/** A real opam client against a plain folder with what a mirror serves: the client is the judge of tarball and repo file. */
describe.skipIf(opam === undefined)("opam init against a plain folder", () => {
  let folder = "";
  let server: Server;
  const asked: string[] = [];
  const client = async (...args: string[]) => {
    const env = {
      ...process.env,
      OPAMROOT: join(folder, "root"),
      OPAMYES: "1",
      OPAMNOAUTOUPGRADE: "1",
      OPAMCOLOR: "never",
    };
    const { stdout, stderr } = await run(opam!, args, { env, timeout: 60_000 });
    return stdout + stderr;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "opam-init-"));
    const { bytes, redirect } = await servedRepoFile(snapshot, { remote: "https://example.org/repository.git" });
    expect(redirect).toBe("http://127.0.0.1:9/");
    const tarball = await buildTarball(snapshot, bytes, testSlice());
    const md5 = sha("md5", source);
    await mkdir(join(folder, `served/cache/md5/${md5.slice(0, 2)}`), { recursive: true });
    await writeFile(join(folder, "served/index.tar.gz"), await tarball.bytes.bytes());
    await writeFile(join(folder, "served/repo"), bytes);
    await writeFile(join(folder, `served/cache/md5/${md5.slice(0, 2)}/${md5}`), source);
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      readFile(join(folder, "served", request.url ?? "")).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("reads the index, shows the announcement, warns of nothing", async () => {
    const { port } = server.address() as AddressInfo;
    const output = await client(
      "init",
      "--bare",
      "--disable-sandboxing",
      "--no-setup",
      "default",
      `http://127.0.0.1:${port}`,
    );
    expect(output).toContain("[NOTE] served from the test");
    expect(output).not.toMatch(/for nobody|some fields have been ignored|Parse error|skipped|older opam format/);
    expect(asked).toContain("/index.tar.gz");
  }, 60_000);

  test("knows every package, at any depth", async () => {
    const versions = (await client("list", "--all", "--columns=package", "--short", "--all-versions")).split("\n");
    expect(versions).toEqual(expect.arrayContaining(["demo.1.0", "demo.2.0-1", "demo-deep.0.1~beta"]));
  }, 60_000);

  test("fetches archives from the mirror's cache first", async () => {
    await client("switch", "create", "none", "--empty");
    await client("source", "demo.1.0", `--dir=${join(folder, "source")}`);
    expect(await readFile(join(folder, "source/demo.ml"))).toEqual(program);
    expect(asked).toContain(`/cache/md5/${sha("md5", source).slice(0, 2)}/${sha("md5", source)}`);
  }, 60_000);
});
