import { createHash } from "node:crypto";
import type { DemoPackage, DemoVersion } from "./catalog.ts";

/** Bytes that an opam file names, and where. */
export interface NamedBytes {
  readonly url: string;
  readonly bytes: Buffer;
}

const home = "https://demo.opam-web-mirror.invalid/";

/** The opam file (format 2.0) of a version. */
export function opamFile(
  demo: DemoPackage,
  version: DemoVersion,
  source: NamedBytes | null,
  extra: (NamedBytes & { readonly name: string }) | null,
): string {
  const algorithms = version.checksums ?? ["sha256", "md5"];
  const lines = [
    'opam-version: "2.0"',
    `synopsis: "${demo.synopsis}"`,
    `description: """\n${demo.synopsis}.\nPart of the demo repository of opam-web-mirror."""`,
    'maintainer: "The developers of opam-web-mirror <demo@opam-web-mirror.invalid>"',
    'authors: "The developers of opam-web-mirror"',
    'license: "ISC"',
    `homepage: "${home}"`,
    `bug-reports: "${home}issues"`,
    `dev-repo: "git+${home}sources.git"`,
  ];
  if (version.depends.length > 0) lines.push(`depends: [\n${version.depends.map((entry) => `  ${entry}\n`).join("")}]`);
  if (source !== null) lines.push('build: [make "LIBDIR=%{lib}%"]');
  lines.push(...(version.more ?? []));
  if (source !== null) lines.push(`url {\n${urlFields(source, algorithms)}}`);
  if (extra !== null) lines.push(`extra-source "${extra.name}" {\n${urlFields(extra, ["sha256"])}}`);
  return `${lines.join("\n")}\n`;
}

function urlFields({ url, bytes }: NamedBytes, algorithms: readonly string[]): string {
  const checksums = algorithms.map((name) => `    "${name}=${createHash(name).update(bytes).digest("hex")}"\n`);
  return `  src: "${url}"\n  checksum: [\n${checksums.join("")}  ]\n`;
}
