import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { git } from "../fixtures/git-command.ts";
import { thinPacks } from "../support/forge/thin-packs.ts";
import { readThinPack } from "../support/read-thin-pack.ts";

describe("thin packs", () => {
  it.each(thinPacks().map((one) => [one.title, one] as const))("%s", async (_title, one) => {
    const reading = readThinPack(one.pack, one.commit, one.boundary ?? [one.commit], one.prior, one.priorCommit);
    if (one.expect === "accept") {
      const { bytes } = await reading;
      // Git takes the completed pack for whole: it needs nothing from elsewhere.
      const folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-thin-"));
      await writeFile(join(folder, "whole.pack"), bytes);
      await git(["index-pack", join(folder, "whole.pack")]);
      await git(["verify-pack", join(folder, "whole.idx")]);
      await rm(folder, { recursive: true });
      return;
    }
    const thrown: unknown = await reading.then(
      () => null,
      (error: unknown) => error,
    );
    expect(thrown, `${one.title} was accepted`).toBeInstanceOf(MirrorError);
    expect(one.codes).toContain((thrown as MirrorError).code);
  });
});
