/** What the demo repository offers. Sources are in `packages/<name>/<version>/`; a version has its own files over those of the one before. */
export interface DemoPackage {
  readonly name: string;
  readonly synopsis: string;
  /** Folder of `name.version` folders below `packages/`; `<name>` in most repositories, anything in some. */
  readonly folder: string;
  readonly versions: readonly DemoVersion[];
}

export interface DemoVersion {
  readonly version: string;
  /** Entries of `depends`, as opam writes them. */
  readonly depends: readonly string[];
  /** Further lines of the opam file. */
  readonly more?: readonly string[];
  /** A file of `packages/extra/` that is an `extra-source`. */
  readonly extraSource?: string;
  /** Which checksums are listed, in this order. Default: sha256 and md5. */
  readonly checksums?: readonly ("md5" | "sha256" | "sha512")[];
  /** Describes something of the host: has neither sources nor a library. */
  readonly conf?: boolean;
}

const host = '"host-ocaml" {build}';

export const demoPackages: readonly DemoPackage[] = [
  {
    name: "host-ocaml",
    synopsis: "The OCaml compiler that is installed on this machine",
    folder: "host-ocaml",
    versions: [
      {
        version: "1",
        depends: [],
        conf: true,
        more: [
          "flags: conf",
          'build: ["ocamlc" "-version"]',
          'depexts: [\n  ["ocaml-nox"] {os-family = "debian"}\n  ["ocaml"] {os-distribution = "alpine" | os-distribution = "fedora" | os = "macos"}\n]',
        ],
      },
    ],
  },
  {
    name: "tally",
    synopsis: "Counts how often each value occurs",
    folder: "tally",
    versions: [
      { version: "1.0", depends: [host], checksums: ["md5", "sha256"] },
      { version: "1.1", depends: [host], checksums: ["md5", "sha256", "sha512"] },
      { version: "2.0", depends: [host], checksums: ["sha256", "sha512", "md5"] },
    ],
  },
  {
    name: "ribbon",
    synopsis: "Pads, cuts and wraps lines of text",
    folder: "ribbon",
    versions: [
      { version: "0.1", depends: [host] },
      { version: "0.2", depends: [host] },
      { version: "1.0~rc1", depends: [host], more: ["flags: avoid-version"] },
      { version: "1.0", depends: [host] },
    ],
  },
  {
    name: "quantity",
    synopsis: "Amounts in words people read",
    folder: "quantity",
    versions: [
      { version: "0.9", depends: [host] },
      { version: "1.0", depends: [host] },
    ],
  },
  {
    name: "ledge",
    synopsis: "A queue of fixed size",
    folder: "ledge",
    versions: [
      { version: "1.0", depends: [host], checksums: ["sha512"] },
      { version: "1.0-1", depends: [host], checksums: ["sha512", "sha256"] },
    ],
  },
  {
    name: "braid",
    synopsis: "Takes turns between lists and tasks",
    folder: "braid",
    versions: [
      { version: "0.1.0", depends: [host] },
      { version: "0.2.0", depends: [host] },
    ],
  },
  {
    name: "verso",
    synopsis: "Orders version numbers",
    folder: "verso",
    versions: [
      { version: "1.0", depends: [host] },
      { version: "1.1", depends: [host] },
    ],
  },
  {
    name: "glint",
    synopsis: "Colours on a terminal",
    folder: "glint",
    versions: [
      { version: "0.3", depends: [host] },
      { version: "0.4", depends: [host, '"ribbon" {>= "0.2"}'] },
      { version: "0.10", depends: [host, '"ribbon" {>= "1.0"}'] },
    ],
  },
  {
    name: "harvest",
    synopsis: "Reads and writes comma-separated values",
    folder: "harvest",
    versions: [
      { version: "1.0", depends: [host] },
      { version: "1.1", depends: [host] },
    ],
  },
  {
    name: "tablet",
    synopsis: "Tables in plain text",
    folder: "text/tools/tablet",
    versions: [
      { version: "1.0", depends: [host, '"ribbon" {>= "0.1" & < "2.0"}'] },
      { version: "1.1", depends: [host, '"ribbon" {>= "1.0~rc1"}', '"quantity" {>= "1.0"}'] },
    ],
  },
  {
    name: "tidemark",
    synopsis: "A progress bar as a line of text",
    folder: "text/tidemark",
    versions: [
      { version: "2.0", depends: [host, '"glint"'], more: ['depopts: ["ledge"]'] },
      {
        version: "2.1",
        depends: [host, '"glint" {>= "0.4"}', '"quantity"'],
        more: ['depopts: ["ledge"]', 'conflicts: ["ledge" {< "1.0"}]'],
      },
    ],
  },
  {
    name: "sieve",
    synopsis: "A set that may err, but never forgets",
    // Directly below `packages/`, as `packages/sieve.v0.1/opam`.
    folder: "",
    versions: [
      { version: "v0.1", depends: [host] },
      { version: "v0.2", depends: [host] },
    ],
  },
  {
    name: "almanac",
    synopsis: "Days of the Gregorian calendar",
    folder: "almanac",
    versions: [
      { version: "2024.1", depends: [host] },
      { version: "2025.2", depends: [host], extraSource: "feasts.txt" },
    ],
  },
  {
    name: "ledgerline",
    synopsis: "Summarises a ledger as a table",
    folder: "ledgerline",
    versions: [
      { version: "1.0", depends: [host, '"harvest"', '"tablet" {>= "1.1"}', '"tally" {>= "2.0"}'] },
      {
        version: "1.1",
        depends: [host, '"harvest"', '"tablet" {>= "1.1"}', '"tally" {>= "2.0"}', '"almanac" {>= "2024.1"}'],
      },
    ],
  },
];

/** Names of the libraries a version is built against. */
export function librariesOf(version: DemoVersion): string[] {
  return version.depends.map((entry) => /^"([^"]+)"/.exec(entry)?.[1] ?? "").filter((name) => name !== "host-ocaml");
}
