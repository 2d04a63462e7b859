import { parseArgs } from "node:util";
import { basePath } from "../gateway/base-path.ts";
import { OperatorError } from "../gateway/operator-error.ts";
import type { GatewayOptions } from "../gateway/options.ts";
import { parseOrigin, parseRepository } from "../gateway/repository-option.ts";

export interface ServeFlags {
  readonly gateway: GatewayOptions;
  /** Whether a browser may be opened. */
  readonly open: boolean;
  readonly help: boolean;
}

const flags = {
  port: { type: "string" },
  host: { type: "string" },
  repository: { type: "string", multiple: true },
  origin: { type: "string", multiple: true },
  "upstream-cache": { type: "string", multiple: true },
  data: { type: "string" },
  memory: { type: "boolean" },
  "no-mirror": { type: "boolean" },
  base: { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "no-open": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** The flags of `serve`. Throws an OperatorError that names the flag and says what to write instead. */
export function serveFlags(args: readonly string[]): ServeFlags {
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
      ...(values.base === undefined ? {} : { base: basePath(values.base) }),
      ...(certFile === undefined || keyFile === undefined ? {} : { tls: { certFile, keyFile } }),
      repositories: (values.repository ?? []).map(parseRepository),
      origins: (values.origin ?? []).map(parseOrigin),
      upstreamCaches: values["upstream-cache"] ?? [],
    },
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

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535))
    throw new OperatorError(
      "usage",
      `--port ${text}: it is not a port. Give a number from 0 to 65535; 0 picks a free one.`,
    );
  return port;
}
