import { parseArgs } from "node:util";
import { basePath } from "../gateway/base-path.ts";
import { parseKeep, parseSize } from "../gateway/keep-option.ts";
import { OperatorError } from "../gateway/operator-error.ts";
import type { GatewayOptions } from "../gateway/options.ts";
import { parseArchiveMirror, parseOrigin, parseRepository, parseSourceNetwork } from "../gateway/repository-option.ts";
import { parseServerName } from "../gateway/server-names.ts";

export interface ServeFlags {
  readonly gateway: GatewayOptions;
  /** Form of the lines on standard error. */
  readonly log: "text" | "json";
  /** Only check what `--data` holds. */
  readonly check: boolean;
  /** Whether a browser may be opened. */
  readonly open: boolean;
  readonly help: boolean;
}

/** As `parseArgs` wants them. */
export const flags = {
  port: { type: "string" },
  host: { type: "string" },
  repository: { type: "string", multiple: true },
  origin: { type: "string", multiple: true },
  "upstream-cache": { type: "string", multiple: true },
  data: { type: "string" },
  memory: { type: "boolean" },
  "no-mirror": { type: "boolean" },
  "ignore-local": { type: "boolean" },
  check: { type: "boolean" },
  "skip-download": { type: "boolean" },
  "parallel-downloads": { type: "string" },
  "strict-checksums": { type: "boolean" },
  keep: { type: "string", multiple: true },
  "archive-limit": { type: "string" },
  "archive-mirror": { type: "string", multiple: true },
  "source-network": { type: "string", multiple: true },
  "server-name": { type: "string", multiple: true },
  "hook-url": { type: "string" },
  "hook-token": { type: "string" },
  log: { type: "string" },
  base: { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "no-open": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** The flags of `serve`. Throws an OperatorError that names the flag and says what to write instead. */
export function serveFlags(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): ServeFlags {
  const values = parse(args);
  for (const [name, value] of Object.entries(values)) {
    for (const text of [value].flat()) {
      if (text === "")
        throw new OperatorError(
          "usage",
          `--${name} was given without a value. Write it behind the flag, or leave the flag out.`,
        );
    }
  }
  const parallel = values["parallel-downloads"];
  // In the environment a token is not seen by everybody who lists processes.
  const token = values["hook-token"] ?? (environment.OPAM_WEB_MIRROR_HOOK_TOKEN || undefined);
  const hook = { path: values["hook-url"] === undefined ? null : hookPath(values["hook-url"]), token: token ?? null };
  const log = values.log ?? "text";
  if (log !== "text" && log !== "json")
    throw new OperatorError("usage", `--log ${log}: there is no such form of log. Give text or json.`);
  const certFile = values["tls-cert"];
  const keyFile = values["tls-key"];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [given, missing] = certFile === undefined ? ["--tls-key", "--tls-cert"] : ["--tls-cert", "--tls-key"];
    throw new OperatorError("usage", `${given} was given without ${missing}. TLS needs both files.`);
  }
  return {
    gateway: {
      ...(values.port === undefined ? {} : { port: portOf(values.port) }),
      ...(values.host === undefined ? {} : { host: values.host.replace(/^\[(.*)\]$/, "$1") }),
      ...(values.data === undefined ? {} : { data: values.data }),
      ...(values.memory === true ? { memory: true } : {}),
      ...(values["no-mirror"] === true ? { mirror: false } : {}),
      ...(values["ignore-local"] === true ? { ignoreLocal: true } : {}),
      ...(values["skip-download"] === true ? { skipDownload: true } : {}),
      ...(parallel === undefined ? {} : { parallelDownloads: parallelOf(parallel) }),
      ...(hook.path === null && hook.token === null ? {} : { hook }),
      ...(values["strict-checksums"] === true ? { strictChecksums: true } : {}),
      ...(values.keep === undefined ? {} : { keep: values.keep.map(parseKeep) }),
      ...(values["archive-limit"] === undefined ? {} : { archiveLimitBytes: parseSize(values["archive-limit"]) }),
      ...(values["archive-mirror"] === undefined
        ? {}
        : { archiveMirrors: values["archive-mirror"].map(parseArchiveMirror) }),
      ...(values["source-network"] === undefined
        ? {}
        : { sourceNetworks: values["source-network"].map(parseSourceNetwork) }),
      ...(values["server-name"] === undefined ? {} : { serverNames: values["server-name"].map(parseServerName) }),
      ...(values.base === undefined ? {} : { base: basePath(values.base) }),
      ...(certFile === undefined || keyFile === undefined ? {} : { tls: { certFile, keyFile } }),
      repositories: (values.repository ?? []).map(parseRepository),
      origins: (values.origin ?? []).map(parseOrigin),
      upstreamCaches: values["upstream-cache"] ?? [],
    },
    log,
    check: values.check === true,
    open: values["no-open"] !== true,
    help: values.help === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // Node's first sentence names the flag; the following ones explain parseArgs.
    const [sentence = "Wrong flags"] = (error as Error).message.split(/\. |\n/);
    throw new OperatorError(
      "usage",
      `${sentence.replace(/\.$/, "")}. Run "opam-web-mirror serve --help" for the flags.`,
      error,
    );
  }
}

function parallelOf(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1000)
    throw new OperatorError("usage", `--parallel-downloads ${text}: it is not a number from 1 to 1000.`);
  return count;
}

/** A path below the base, without slashes at its ends. */
function hookPath(text: string): string {
  const segments = text.split("/").filter((segment) => segment !== "");
  const taken = ["opam", "git", "gateway", "healthz"].includes(segments[0] ?? "");
  if (segments.length === 0 || taken || segments.some((segment) => !/^[\w~-][\w.~-]*$/.test(segment)))
    throw new OperatorError(
      "usage",
      `--hook-url ${text}: it cannot be the path of a hook. Use letters, digits and . _ ~ - between slashes, and none of opam, git, gateway at its start.`,
    );
  return segments.join("/");
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535))
    throw new OperatorError(
      "usage",
      `--port ${text}: it is not a port. Give a number from 0 to 65535; 0 picks a free one.`,
    );
  return port;
}
