import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GatewayOptions } from "../../src/gateway/options.ts";
import { parseSourceNetwork } from "../../src/gateway/repository-option.ts";
import type { ArchiveProblemsAnswer } from "../../src/protocol/archive-problems.ts";
import { fastImport, initBare } from "../fixtures/fast-import.ts";
import { eventually } from "../support/eventually.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
type Algorithm = "md5" | "sha256" | "sha512";
const algorithms: readonly Algorithm[] = ["md5", "sha256", "sha512"];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Server;
let origin: string;
const asked: string[] = [];
const ranges: (string | undefined)[] = [];
const answers = new Map<string, Answer>();
const packages: { name: string; opam: string }[] = [];
let gateway: TestGateway;

const hash = (algorithm: Algorithm, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");
const send =
  (bytes: Uint8Array, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(200, headers).end(bytes);
const redirect =
  (to: () => string): Answer =>
  (_request, response) =>
    response.writeHead(302, { location: to() }).end();

/** Sends 2,000 bytes at a time, whatever it said, and goes on where it is told to. */
const inParts =
  (bytes: Buffer): Answer =>
  ({ headers: { range } }, response) => {
    ranges.push(range);
    const at = Number(/^bytes=(\d+)-$/.exec(range ?? "bytes=0-")?.[1]);
    const headers = { "content-length": String(bytes.length - at), etag: '"v1"' };
    const rest = { ...headers, "content-range": `bytes ${at}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(range === undefined ? 200 : 206, range === undefined ? headers : rest);
    const part = bytes.subarray(at, at + 2000);
    if (at + 2000 >= bytes.length) response.end(part);
    else response.write(part, () => setTimeout(() => response.socket?.destroy(), 300));
  };

/** An archive, and a package that names it; `sources` are paths of the server or URLs. */
function archive(
  name: string,
  sources: readonly string[],
  { lists = algorithms, extra = "", size = 3000 }: { lists?: readonly Algorithm[]; extra?: string; size?: number } = {},
): Buffer {
  const bytes = randomBytes(size);
  const urls = sources.map((source) => (source.startsWith("/") ? origin + source : source));
  const checksums = lists.map((algorithm) => `"${algorithm}=${hash(algorithm, bytes)}"`).join(" ");
  const url = `url {\n  src: "${urls[0]}"\n  mirrors: [${urls
    .slice(1)
    .map((each) => `"${each}"`)
    .join(" ")}]\n  checksum: [${checksums}${extra}]\n}\n`;
  packages.push({ name, opam: `opam-version: "2.0"\n${url}` });
  return bytes;
}

const made: Record<string, Buffer> = {};

beforeAll(async () => {
  folder = await temporaryFolder();
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = answers.get(request.url ?? "");
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  made.plain = archive("plain", ["/plain"]);
  answers.set("/plain", send(made.plain));
  made.mirrored = archive("mirrored", ["/gone", "/lying", "/cut", "/mirrored", "/never"]);
  answers.set("/lying", send(randomBytes(3000)));
  answers.set("/cut", (_request, response) => {
    response.writeHead(200, { "content-length": "3000" });
    response.write(made.mirrored!.subarray(0, 1000), () => response.socket?.destroy());
  });
  answers.set("/mirrored", send(made.mirrored));
  answers.set("/never", send(made.mirrored));
  made.moved = archive("moved", ["/moved/5"]);
  for (let i = 5; i > 0; i--)
    answers.set(
      `/moved/${i}`,
      redirect(() => (i === 1 ? `${origin}/arrived` : `/moved/${i - 1}`)),
    );
  answers.set("/arrived", send(made.moved));
  made.loop = archive("loop", ["/loop"]);
  answers.set(
    "/loop",
    redirect(() => "/loop"),
  );
  made.inside = archive("inside", ["/inside"]);
  answers.set(
    "/inside",
    redirect(() => "http://169.254.169.254/latest/meta-data/"),
  );
  made.scheme = archive("scheme", ["/scheme"]);
  answers.set(
    "/scheme",
    redirect(() => "ftp://127.0.0.1/x"),
  );
  made.userinfo = archive("userinfo", ["/userinfo"]);
  answers.set(
    "/userinfo",
    redirect(() => `${origin.replace("//", "//me:secret@")}/plain`),
  );
  const zipped = gzipSync(randomBytes(500));
  made.encoded = zipped;
  packages.push({
    name: "encoded",
    opam: `opam-version: "2.0"\nurl { src: "${origin}/encoded" checksum: "sha256=${hash("sha256", zipped)}" }\n`,
  });
  answers.set("/encoded", send(zipped, { "content-encoding": "gzip" }));
  // The bytes are what the sha256 says, and not what the sha512 says.
  made.halfTrue = archive("half-true", ["/half-true"], {
    lists: ["md5", "sha256"],
    extra: ` "sha512=${"7".repeat(128)}"`,
  });
  answers.set("/half-true", send(made.halfTrue));
  made.weak = archive("weak", ["/weak"], { lists: ["md5"] });
  answers.set("/weak", send(made.weak));
  made.disputed = archive("disputed", ["/disputed"], { lists: ["md5", "sha256"] });
  answers.set("/disputed", send(made.disputed));
  packages.push({
    name: "disputing",
    opam: `opam-version: "2.0"\nurl { src: "${origin}/disputing" checksum: ["md5=${hash("md5", made.disputed)}" "sha256=${"9".repeat(64)}"] }\n`,
  });
  made.extra = randomBytes(800);
  packages.push({
    name: "extra",
    opam: `opam-version: "2.0"\nextra-source "fix.patch" {\n  src: "${origin}/extra"\n  checksum: "sha256=${hash("sha256", made.extra)}"\n}\n`,
  });
  answers.set("/extra", send(made.extra));
  made.cached = archive("cached", ["/cached"]);
  const sha256 = hash("sha256", made.cached);
  answers.set(`/own-cache/sha256/${sha256.slice(0, 2)}/${sha256}`, send(made.cached));
  made.below = archive("below", ["/gone-below"]);
  const below = hash("sha256", made.below);
  answers.set(`/public/cache/sha256/${below.slice(0, 2)}/${below}`, send(made.below));
  made.curled = archive("curled", ["/curled"]);
  answers.set("/curled", (_request, response) => {
    const sending = setTimeout(() => response.writeHead(200).end(made.curled), 500);
    response.on("close", () => clearTimeout(sending));
  });
  made.broken = archive("broken", ["/broken"]);
  answers.set("/broken", inParts(made.broken));
  made.changed = archive("changed", ["/changed"]);
  answers.set("/changed", inParts(Buffer.concat([made.changed.subarray(0, 2500), randomBytes(500)])));
  made.late = archive("late", ["/late"]);
  answers.set("/late", (_request, response) => {
    response.writeHead(200, { "content-length": "3000" });
    response.write(made.late!.subarray(0, 1500), () => response.socket?.destroy());
  });
  made.huge = archive("huge", ["/huge"]);
  answers.set("/huge", (_request, response) => {
    response.writeHead(200, { "content-length": String(513 * 1024 * 1024) });
    response.write("x");
  });

  const gitDir = folder.at("remote.git");
  await initBare(gitDir, "master");
  const changes = [
    { path: "repo", text: `opam-version: "2.0"\narchive-mirrors: ["${origin}/own-cache" "cache"]\n` },
    ...packages.map(({ name, opam }) => ({ path: `packages/${name}/${name}.1.0/opam`, text: opam })),
  ];
  await fastImport(gitDir, [{ ref: "refs/heads/master", message: "all", date: 1_700_000_000, changes }]);
  gateway = await ready();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await folder[Symbol.asyncDispose]();
});

/** A gateway whose archive index is there. */
async function ready(
  networks = ["127.0.0.0/8"],
  data?: string,
  skipDownload = false,
  more: Pick<GatewayOptions, "origins" | "strictChecksums"> = {},
): Promise<TestGateway> {
  const started = await testGateway({
    repository: folder.at("remote.git"),
    mirror: true,
    sourceNetworks: networks.map(parseSourceNetwork),
    skipDownload,
    ...more,
    ...(data === undefined ? {} : { data }),
  });
  await eventually(async () => {
    const answer = await fetch(`${started.page}opam/default/problems`);
    return answer.status === 200 && ((await answer.json()) as ArchiveProblemsAnswer).archives !== null;
  });
  return started;
}

function ask(algorithm: Algorithm, hex: string, by: TestGateway = gateway): Promise<Response> {
  return fetch(`${by.page}gateway/archive/${algorithm}/${hex}`);
}

async function refusal(algorithm: Algorithm, bytes: Buffer, by: TestGateway = gateway): Promise<string> {
  const answer = await ask(algorithm, hash(algorithm, bytes), by);
  expect(answer.status).toBe(404);
  const { code, data } = (await answer.json()) as { code: string; data: { tried: string[] } };
  expect(code).toBe("archive-unavailable");
  return data.tried.join("\n");
}

const count = (path: string) => asked.filter((each) => each === path).length;

test("fifty requests at once, by each checksum and both paths: one download", async () => {
  const bytes = made.plain!;
  const paths = algorithms.flatMap((algorithm) => {
    const hex = hash(algorithm, bytes);
    return [`gateway/archive/${algorithm}/${hex}`, `opam/default/cache/${algorithm}/${hex.slice(0, 2)}/${hex}`];
  });
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => fetch(gateway.page + paths[i % paths.length]!)));
  for (const answer of many) {
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  }
  expect(count("/plain")).toBe(1);
});

test("fifty times curl at once, as opam runs it: one download", async (context) => {
  const bytes = made.curled!;
  const hex = hash("md5", bytes);
  const url = `${gateway.page}opam/default/cache/md5/${hex.slice(0, 2)}/${hex}`;
  const curl = (i: number) =>
    promisify(execFile)("curl", [
      "--silent",
      "--fail",
      "--location",
      "--retry",
      "3",
      "--output",
      folder.at(`${i}`),
      url,
    ]);
  const runs = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => curl(i)));
  if (runs.some((run) => run.status === "rejected" && run.reason.code === "ENOENT"))
    return context.skip("curl is not on PATH.");
  expect(runs.filter(({ status }) => status === "rejected")).toEqual([]);
  for (const i of runs.keys()) expect(await readFile(folder.at(`${i}`))).toEqual(bytes);
  expect(count("/curled")).toBe(1);
});

test("a body that breaks off is resumed where it did, by a server that can; what does not fit together is not taken", async () => {
  const from = ranges.length;
  const answer = await ask("sha256", hash("sha256", made.broken!));
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(made.broken);
  expect(ranges.slice(from)).toEqual([undefined, "bytes=2000-"]);
  expect(await refusal("sha256", made.changed!)).toContain("does not match");
});

test("a body that breaks off leaves nothing behind, and the next request succeeds", async () => {
  const data = folder.at("broken-off");
  const hex = hash("sha256", made.late!);
  await using first = await ready(undefined, data);
  expect(await refusal("sha256", made.late!, first)).toContain("/late");
  answers.set("/late", send(made.late!));
  expect(await readdir(`${data}/archives/pending`)).toEqual([]);
  expect(await readdir(`${data}/archives`)).toEqual(["pending"]);
  // By another of its checksums: what failed is not asked for again within a minute.
  const answer = await ask("sha512", hash("sha512", made.late!), first);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(made.late);
  expect(await readdir(`${data}/archives/sha256/${hex.slice(0, 2)}`)).toEqual([hex]);
});

test("sources are asked in order until one tells the truth", async () => {
  const from = asked.length;
  const answer = await ask("sha512", hash("sha512", made.mirrored!));
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(made.mirrored);
  // Of what broke off the rest may have been asked for.
  expect([...new Set(asked.slice(from))].filter((path) => !path.startsWith("/own-cache/"))).toEqual([
    "/gone",
    "/lying",
    "/cut",
    "/mirrored",
  ]);
});

test("the repository's own archive mirrors come first", async () => {
  expect((await ask("sha256", hash("sha256", made.cached!))).status).toBe(200);
  expect(count("/cached")).toBe(0);
});

test.each(["moved", "encoded", "weak", "extra"])("%s is had", async (name) => {
  const bytes = made[name]!;
  const algorithm = name === "weak" ? "md5" : "sha256";
  const answer = await ask(algorithm, hash(algorithm, bytes));
  expect(answer.status).toBe(200);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
});

test.each([
  ["loop", "302"],
  ["inside", "not a public one"],
  ["scheme", "302"],
  ["userinfo", "credentials"],
  ["huge", "larger than"],
])("%s is refused", async (name, reason) => {
  expect(await refusal("sha256", made[name]!)).toContain(reason);
});

test("every listed checksum must match", async () => {
  const from = asked.length;
  for (const algorithm of ["md5", "sha256"] as const)
    expect(await refusal(algorithm, made.halfTrue!)).toContain("does not match");
  expect(asked.slice(from)).toContain("/half-true");
  // Nor by a name that it got from somewhere else.
  const hex = hash("sha256", made.halfTrue!);
  expect((await fetch(`${gateway.page}opam/default/cache/sha256/${hex.slice(0, 2)}/${hex}`)).status).toBe(404);
});

test("with strict checksums, an md5 alone is not enough, listed or not", async () => {
  await using strict = await ready(undefined, undefined, false, { strictChecksums: true });
  expect((await ask("md5", hash("md5", made.weak!), strict)).status).toBe(403);
  expect((await ask("md5", "5".repeat(32), strict)).status).toBe(403);
  const found = await ask("md5", hash("md5", made.plain!), strict);
  expect(found.status).toBe(200);
  expect(made.plain!.equals(new Uint8Array(await found.arrayBuffer()))).toBe(true);
});

test("a relative archive mirror is below the repository's public address", async () => {
  const hex = hash("sha256", made.below!);
  expect((await ask("sha256", hex)).status).toBe(404);
  await using published = await ready(undefined, undefined, false, {
    origins: [{ name: null, url: `${origin}/public/` }],
  });
  const found = await ask("sha256", hex, published);
  expect(found.status).toBe(200);
  expect(made.below!.equals(new Uint8Array(await found.arrayBuffer()))).toBe(true);
});

test("an md5 that stands for two archives is refused; by its sha256 each is had", async () => {
  expect(await refusal("md5", made.disputed!)).toContain("different checksums");
  expect(count("/disputed")).toBe(0);
  expect((await ask("sha256", hash("sha256", made.disputed!))).status).toBe(200);
  // The file is here now, under its md5 as well.
  expect(await refusal("md5", made.disputed!)).toContain("different checksums");
});

test("what no opam file names is not looked for anywhere", async () => {
  const from = asked.length;
  expect(await refusal("sha256", randomBytes(10))).toBe("");
  expect(asked.length).toBe(from);
});

test("addresses of this machine are refused unless that is allowed", async () => {
  await using strict = await ready([]);
  const from = asked.length;
  expect(await refusal("sha256", made.plain!, strict)).toContain("not a public one");
  expect(asked.length).toBe(from);
});

test("what opam files name is left alone when nothing is to be downloaded", async () => {
  await using skipping = await ready(undefined, undefined, true);
  const from = asked.length;
  expect(await refusal("sha256", made.plain!, skipping)).toBe("");
  expect(asked.length).toBe(from);
});

test("what was fetched is here after a restart, by each checksum, and a damaged file is fetched again", async () => {
  const data = folder.at("data");
  const bytes = made.plain!;
  const hex = hash("sha256", bytes);
  {
    await using first = await ready(undefined, data);
    expect((await ask("sha256", hex, first)).status).toBe(200);
  }
  const before = count("/plain");
  await using second = await ready(undefined, data);
  for (const algorithm of algorithms) expect((await ask(algorithm, hash(algorithm, bytes), second)).status).toBe(200);
  expect(count("/plain")).toBe(before);
  expect(await readdir(`${data}/archives/pending`)).toEqual([]);

  await writeFile(`${data}/archives/sha256/${hex.slice(0, 2)}/${hex}`, randomBytes(3000));
  const again = await ask("md5", hash("md5", bytes), second);
  expect(Buffer.from(await again.arrayBuffer())).toEqual(bytes);
  expect(count("/plain")).toBe(before + 1);
});
