import { test } from "vitest";
import { findOpam } from "../support/opam-client.ts";
import { installThroughGateways } from "../support/opam-install.ts";
import { realData, skipReason } from "../support/real-data.ts";

test("opam installs from gateways that mirror the whole opam-repository", async (context) => {
  const [opam, real] = [findOpam(), realData()];
  if (real === null) return context.skip(skipReason() ?? "");
  if (opam === null) return context.skip("opam is not on PATH (Debian package opam).");
  await installThroughGateways(opam, real.repository, real);
});
