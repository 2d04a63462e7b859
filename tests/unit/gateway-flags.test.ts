import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { flags, serveFlags } from "../../src/cli/flags.ts";
import { help } from "../../src/cli/help.ts";
import { logTo } from "../../src/cli/log.ts";
import { followedRepositories } from "../../src/gateway/followed.ts";
import { parseOrigin, parseRepository } from "../../src/gateway/repository-option.ts";

test.each([
  ["https://h/r.git", { name: null, url: "https://h/r.git", branch: null }],
  ["https://h/r.git#main", { name: null, url: "https://h/r.git", branch: "main" }],
  ["extra=https://h/r.git#feature/x", { name: "extra", url: "https://h/r.git", branch: "feature/x" }],
  ["https://h/r.git?a=b", { name: null, url: "https://h/r.git?a=b", branch: null }],
  ["./a=b", { name: null, url: "./a=b", branch: null }],
  ["/srv/re#po#v1.0", { name: null, url: "/srv/re#po", branch: "v1.0" }],
  ["file:///srv/repo", { name: null, url: "file:///srv/repo", branch: null }],
  ["local=../repo", { name: "local", url: "../repo", branch: null }],
])("--repository %s", (text, expected) => {
  expect(parseRepository(text)).toEqual(expected);
});

test.each([
  ["", /names no repository/],
  ["x=", /names no repository/],
  ["Big=https://h/r", /"Big" is not a repository name/],
  ["=https://h/r", /"" is not a repository name/],
  ["https://h/r#", /"" is not a branch/],
  ["https://h/r#a..b", /not a branch/],
  ["https://h/r#-x", /not a branch/],
  ["https://h/r#a b", /not a branch/],
  ["https://[h/r", /not a valid URL/],
  ["https://user:secret@h/r", /credentials/],
  ["ssh://git@h/r", /only https/],
  ["git://h/r", /only https/],
])("--repository %s is refused", (text, why) => {
  expect(() => parseRepository(text)).toThrow(why);
});

test("--origin gets its final slash and refuses what is no origin", () => {
  expect(parseOrigin("https://opam.example")).toEqual({ name: null, url: "https://opam.example/" });
  expect(parseOrigin("x=http://127.0.0.1:1/a")).toEqual({ name: "x", url: "http://127.0.0.1:1/a/" });
  expect(() => parseOrigin("opam.example")).toThrow(/not an http\(s\) URL/);
  expect(() => parseOrigin("https://h/?q")).toThrow(/no query/);
});

test("all flags together", () => {
  const { gateway, open } = serveFlags(
    "--port 0 --host [::1] --repository a=/x --repository b=/y#z --origin a=https://o --upstream-cache /c --upstream-cache https://d --data /e --base demo --tls-cert c --tls-key k --no-open".split(
      " ",
    ),
  );
  expect(open).toBe(false);
  expect(gateway).toEqual({
    port: 0,
    host: "::1",
    data: "/e",
    base: "/demo/",
    tls: { certFile: "c", keyFile: "k" },
    repositories: [
      { name: "a", url: "/x", branch: null },
      { name: "b", url: "/y", branch: "z" },
    ],
    origins: [{ name: "a", url: "https://o/" }],
    upstreamCaches: ["/c", "https://d"],
  });
});

test.each([
  ["--port x", /--port x: it is not a port/],
  ["--port 65536", /not a port/],
  ["--port -1", /port/],
  ["--porty 1", /Unknown option '--porty'/],
  ["stray", /stray/],
  ["--base /a/../b", /"\.\." cannot be part/],
  ["--base /a%20b", /cannot be part/],
  ["--tls-key k", /--tls-key was given without --tls-cert/],
  ["--host=", /--host was given without a value/],
  ["--data", /--data/],
])("%s is refused", (text, why) => {
  expect(() => serveFlags(text.split(" "))).toThrow(why);
});

test("repositories: names, origins, upstream", async () => {
  const github = { name: null, url: "https://github.com/ocaml/opam-repository.git", branch: "master" };
  const other = { name: "other", url: "https://h/r", branch: null };
  expect(await followedRepositories([github, other], [])).toMatchObject([
    { name: "default", origins: ["https://opam.ocaml.org/"], upstream: "https://opam.ocaml.org/", gitDirectory: null },
    { name: "other", origins: [], upstream: null },
  ]);
  expect(await followedRepositories([other], [{ name: null, url: "https://o/" }])).toMatchObject([
    { name: "other", origins: ["https://o/"], upstream: "https://o/" },
  ]);
  await expect(followedRepositories([github, github], [])).rejects.toThrow(/"default" is already taken/);
  await expect(followedRepositories([github], [{ name: "no", url: "https://o/" }])).rejects.toThrow(
    /there is no repository "no". Known are: default/,
  );
  await expect(followedRepositories([{ name: null, url: "/does/not/exist", branch: null }], [])).rejects.toThrow(
    /no such folder/,
  );
  await expect(followedRepositories([{ name: null, url: "/", branch: null }], [])).rejects.toThrow(
    /Git cannot use this folder/,
  );
});

test("what opam-mirror can be told", () => {
  const { gateway, check, log } = serveFlags(
    [
      ...["--skip-download", "--strict-checksums", "--ignore-local", "--check", "--memory", "--no-mirror"],
      ...["--parallel-downloads", "7", "--hook-url", "/hooks/push/", "--hook-token", "t", "--log", "json"],
      ...["--archive-mirror", "https://a.example/cache/", "--archive-mirror", "http://b.example"],
      ...["--keep", "all", "--keep", "own=dune.3.16.0", "--archive-limit", "1.5GB"],
      ...["--source-network", "10.0.0.0/8", "--source-network", "fd00::1"],
      ...["--server-name", "Mirror.example", "--server-name", "other"],
    ],
    {},
  );
  expect(gateway).toMatchObject({
    skipDownload: true,
    strictChecksums: true,
    ignoreLocal: true,
    memory: true,
    mirror: false,
    parallelDownloads: 7,
    keep: [
      { repository: null, what: "*" },
      { repository: "own", what: "dune.3.16.0" },
    ],
    archiveLimitBytes: 1_500_000_000,
    hook: { path: "hooks/push", token: "t" },
    archiveMirrors: ["https://a.example/cache", "http://b.example"],
    sourceNetworks: [
      { family: "ipv4", address: "10.0.0.0", prefix: 8 },
      { family: "ipv6", address: "fd00::1", prefix: 128 },
    ],
    serverNames: ["mirror.example", "other"],
  });
  expect([check, log]).toEqual([true, "json"]);
  const token = { OPAM_WEB_MIRROR_HOOK_TOKEN: "from the environment" };
  expect(serveFlags([], token).gateway.hook).toEqual({ path: null, token: "from the environment" });
  expect(serveFlags([], { OPAM_WEB_MIRROR_HOOK_TOKEN: "" }).gateway.hook).toBeUndefined();
});

test.each([
  ["--keep", "../x", /names no package/],
  ["--keep", "default=*", /names no package/],
  ["--archive-limit", "20", /no size/],
  ["--archive-limit", "1kB", /no size/],
  ["--parallel-downloads", "0", /from 1 to 1000/],
  ["--parallel-downloads", "many", /from 1 to 1000/],
  ["--hook-url", "opam/x", /cannot be the path of a hook/],
  ["--hook-url", "/", /cannot be the path of a hook/],
  ["--hook-url", "a/../b", /cannot be the path of a hook/],
  ["--archive-mirror", "cache", /not a valid URL/],
  ["--server-name", "https://mirror.example", /not the name of a host/],
  ["--server-name", "mirror.example:80", /not the name of a host/],
  ["--source-network", "localhost", /not a network.*10\.0\.0\.0\/8/],
  ["--source-network", "10.0.0.0/40", /not a network/],
  ["--archive-mirror", "ftp://h/cache", /not an http\(s\) URL/],
  ["--archive-mirror", "https://u:p@h/cache", /credentials/],
  ["--log", "xml", /no such form/],
  ["--repository", "a.git=/srv/r", /ends in \.git/],
])("%s %s is refused", (flag, value, why) => {
  expect(() => serveFlags([flag, value], {})).toThrow(why);
});

test("a log for people, and one for programs", () => {
  const lines: string[] = [];
  logTo("text", (text) => lines.push(text))("default: nothing new", { event: "sync" });
  logTo("json", (text) => lines.push(text))("default: nothing new", { event: "sync", commit: null });
  expect(lines[0]).toBe("default: nothing new\n");
  expect(JSON.parse(lines[1]!)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    message: "default: nothing new",
    event: "sync",
    commit: null,
  });
});

test("help and README explain every flag, and none that does not exist", () => {
  const known = Object.keys(flags).sort();
  const flagsIn = (text: string) =>
    [...new Set([...text.matchAll(/--([a-z][a-z-]+)/g)].map(([, name]) => name!))].sort();
  // --version is the program's own.
  expect(flagsIn(help).filter((name) => name !== "version")).toEqual(known);
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const table =
    /^## Options\n(.*?)^## /ms
      .exec(readme)?.[1]
      ?.match(/^\| `--.*$/gm)
      ?.join("\n") ?? "";
  expect(flagsIn(table)).toEqual(known.filter((name) => name !== "help"));
});
