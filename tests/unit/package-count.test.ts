import fc from "fast-check";
import { expect, it } from "vitest";
import { ManifestBuilder } from "../../src/core/git/manifest.ts";
import { countPackages } from "../../src/core/git/package-count.ts";
import { countPackages as countByDefinition } from "../fixtures/git-oracle.ts";
import { nodeSlice } from "../support/node-mirror.ts";

const name = fc.constantFrom("a", "b", "ab", "a-b", "a.b");
const version = fc.tuple(name, fc.constantFrom("1", "2", "1.b", "")).map(([of, number]) => `${of}.${number}`);
const folder = fc.oneof(name, version, fc.constantFrom("x", "files"));
const path = fc.oneof(
  fc.tuple(name, fc.constantFrom("1", "2", "b")).map(([of, number]) => `packages/${of}/${of}.${number}/opam`),
  fc
    .tuple(fc.array(folder, { maxLength: 3 }), fc.constantFrom("opam", "url", "x.1/opam"))
    .map(([folders, file]) => ["packages", ...folders, file].join("/")),
);

it("counts names once, and folders `name.version` with an opam file, wherever they stand", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 40 }), async (paths) => {
      const builder = new ManifestBuilder();
      const encoded = ["repo", ...paths].map((one) => new TextEncoder().encode(one));
      encoded.sort((a, b) => Buffer.compare(a, b));
      for (const bytes of encoded) builder.add(bytes, bytes.length, new Uint8Array(20), 0, 0, 0);
      const { packages, versions } = await countPackages(builder, nodeSlice());
      // The definition counts a version once, however often its folder stands somewhere.
      const folders = paths.filter((one) => countByDefinition([one]).versions === 1).length;
      expect({ packages, versions }).toEqual({ packages: countByDefinition(paths).packages, versions: folders });
    }),
    { numRuns: 500 },
  );
});
