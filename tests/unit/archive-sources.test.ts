import { describe, expect, test } from "vitest";
import { archiveSources, isArchive } from "../../src/core/opam/archive-sources.ts";
import { packageSources } from "../../src/core/opam/package-sources.ts";
import { parseOpam } from "../../src/core/opam/parser.ts";
import { sha } from "../support/fake-snapshot.ts";

const digests = (text: string) => ({ md5: sha("md5", text), sha256: sha("sha256", text), sha512: sha("sha512", text) });
const good = digests("good");
const evil = digests("evil");
const urlSection = (src: string, checksums: readonly string[], mirrors: readonly string[] = []) =>
  `url { src: "${src}" checksum: [${checksums.map((text) => `"${text}"`).join(" ")}] mirrors: [${mirrors.map((text) => `"${text}"`).join(" ")}] }\n`;
const sources = (...texts: string[]) => texts.flatMap((text) => packageSources(parseOpam(text)).sources);
const md5 = { algorithm: "md5", hex: good.md5 } as const;
const sha256 = { algorithm: "sha256", hex: good.sha256 } as const;

describe("what opam files say of an archive", () => {
  test("all listed checksums, and src before mirrors, without what is fetched otherwise or named twice", () => {
    const found = archiveSources(
      sha256,
      sources(
        urlSection(
          "https://a.example/x",
          [`sha256=${good.sha256}`, `md5=${good.md5}`],
          ["http://b.example/x", "ftp://c.example/x"],
        ),
        urlSection("https://A.example:443/x", [`md5=${good.md5}`, `sha256=${good.sha256}`], ["https://d.example/x"]),
        urlSection("https://other.example/x", [`sha256=${evil.sha256}`]),
      ),
    );
    expect(found).toEqual({
      alternatives: [[{ algorithm: "md5", hex: good.md5 }, sha256]],
      urls: ["https://a.example/x", "http://b.example/x", "https://d.example/x"],
      weak: false,
    });
  });

  test("nothing, where no section lists it", () => {
    expect(archiveSources(md5, sources(urlSection("https://a.example/x", [`sha256=${good.sha256}`])))).toBeNull();
  });

  test("an md5 takes all that is listed with it anywhere", () => {
    const found = archiveSources(
      md5,
      sources(
        urlSection("https://a.example/x", [good.md5]),
        urlSection("https://b.example/x", [`md5=${good.md5}`, `sha512=${good.sha512}`]),
      ),
    );
    if (found === null || found === "conflict") throw new Error("nothing found");
    expect(isArchive(found, good)).toBe(true);
    expect(isArchive(found, { ...good, sha512: evil.sha512 })).toBe(false);
  });

  test.each(["sha256", "sha512"] as const)("an md5 with two %s is a conflict", (algorithm) => {
    const conflicting = sources(
      urlSection("https://a.example/x", [`md5=${good.md5}`, `${algorithm}=${good[algorithm]}`]),
      urlSection("https://evil.example/x", [`md5=${good.md5}`, `${algorithm}=${evil[algorithm]}`]),
    );
    expect(archiveSources(md5, conflicting)).toBe("conflict");
    // By the strong checksum each of them is had.
    const strong = { algorithm, hex: good[algorithm] };
    expect(archiveSources(strong, conflicting)).toMatchObject({ urls: ["https://a.example/x"], weak: false });
  });

  test("a wrong file does not keep others from an archive that is asked for by a strong checksum", () => {
    const found = archiveSources(
      sha256,
      sources(
        urlSection("https://a.example/x", [`sha256=${good.sha256}`, `md5=${good.md5}`]),
        urlSection("https://b.example/x", [`sha256=${good.sha256}`, `md5=${evil.md5}`]),
      ),
    );
    if (found === null || found === "conflict") throw new Error("nothing found");
    expect(isArchive(found, good)).toBe(true);
    expect(isArchive(found, { ...good, md5: sha("md5", "third") })).toBe(false);
  });

  test("no bytes have two sha256", () => {
    const impossible = urlSection("https://a.example/x", [`sha256=${good.sha256}`, `sha256=${evil.sha256}`]);
    expect(archiveSources(sha256, sources(impossible))).toBe("conflict");
  });

  test("md5 alone is weak", () => {
    expect(archiveSources(md5, sources(urlSection("https://a.example/x", [good.md5])))).toMatchObject({ weak: true });
  });
});
