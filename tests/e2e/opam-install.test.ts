import { test } from "vitest";
import { temporaryFolder } from "../support/gateway.ts";
import { findOpam } from "../support/opam-client.ts";
import { installThroughGateways, smallRealRepository } from "../support/opam-install.ts";
import { realData, skipReason } from "../support/real-data.ts";

// The same on the whole repository, where each command of opam takes ten seconds and more, is in tests/slow.
test("opam installs from a gateway, and from a second one that mirrors it when its upstream cache is gone", async (context) => {
  const [opam, real] = [findOpam(), realData()];
  if (real === null) return context.skip(skipReason() ?? "");
  if (opam === null) return context.skip("opam is not on PATH (Debian package opam).");
  await using folder = await temporaryFolder();
  await installThroughGateways(opam, await smallRealRepository(real, folder.path), real);
}, 600_000);
