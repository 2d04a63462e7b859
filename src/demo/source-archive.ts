import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DemoPackage, type DemoVersion, librariesOf } from "./catalog.ts";
import { tarGz } from "./tar-gz.ts";

// The build copies the folder beside the bundle, so that the same relative address finds it from there.
const folder = "./packages/";

/** The folder of the demo packages' sources. */
export function sourceFolder(): string {
  return fileURLToPath(new URL(folder, import.meta.url));
}

/** The source archive `<name>-<version>.tar.gz` of each version that has one. */
export function sourceArchives(demo: DemoPackage, mtime: number): Map<DemoVersion, Buffer> {
  const files = new Map<string, Buffer>();
  const archives = new Map<DemoVersion, Buffer>();
  for (const version of demo.versions) {
    if (version.conf) continue;
    const own = join(sourceFolder(), demo.name, version.version);
    for (const name of readdirSync(own)) files.set(name, readFileSync(join(own, name)));
    files.set("META", Buffer.from(meta(demo, version)));
    files.set("Makefile", Buffer.from(makefile(demo, version)));
    files.set(`${demo.name}.install`, Buffer.from(install(demo)));
    const root = `${demo.name}-${version.version}`;
    archives.set(
      version,
      tarGz(
        [...files].map(([name, bytes]) => [`${root}/${name}`, bytes]),
        mtime,
      ),
    );
  }
  return archives;
}

function meta(demo: DemoPackage, version: DemoVersion): string {
  const lines = [
    `description = "${demo.synopsis}"`,
    `version = "${version.version}"`,
    `requires = "${librariesOf(version).join(" ")}"`,
    `archive(byte) = "${demo.name}.cma"`,
  ];
  return `${lines.join("\n")}\n`;
}

function makefile(demo: DemoPackage, version: DemoVersion): string {
  const { name } = demo;
  const includes = librariesOf(version).map((library) => ` -I $(LIBDIR)/${library}`);
  return `# LIBDIR is the folder that holds the libraries this one is built against.
OCAMLC ?= ocamlc
LIBDIR ?= ..

${name}.cma: ${name}.mli ${name}.ml
	$(OCAMLC)${includes.join("")} -a -o $@ ${name}.mli ${name}.ml

clean:
	rm -f *.cm*

.PHONY: clean
`;
}

function install({ name }: DemoPackage): string {
  return `lib: [ "META" "${name}.cma" "${name}.cmi" "${name}.mli" ]\n`;
}
