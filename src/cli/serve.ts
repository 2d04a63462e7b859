import { opamLines } from "../gateway/opam-lines.ts";
import { isThisMachine } from "../gateway/secure-context.ts";
import { startGateway } from "../gateway/serve.ts";
import { reachableSites } from "./addresses.ts";
import { openBrowser } from "./browser.ts";
import { check } from "./check.ts";
import { serveFlags } from "./flags.ts";
import { help } from "./help.ts";
import { logTo } from "./log.ts";

const stopMs = 8_000;

/** Runs the gateway until it is interrupted, or checks its folder. Throws an OperatorError when it cannot start. */
export async function serve(args: readonly string[]): Promise<void> {
  const flags = serveFlags(args);
  if (flags.help) {
    process.stdout.write(help);
    return;
  }
  if (flags.check) {
    process.exitCode = await check(flags.gateway.data);
    return;
  }
  const log = logTo(flags.log, (text) => process.stderr.write(text));
  const gateway = await startGateway({ ...flags.gateway, log });
  // Before anybody can know that it runs, and stop it.
  const stopped = untilInterrupted();
  // The one line that scripts wait for; its form is part of the contract.
  process.stdout.write(`listening on ${gateway.url}\n`);
  const page = `${gateway.url}${gateway.base}`;
  for (const { name, remote, branch, gitUrl } of gateway.config.repositories) {
    const facts = { event: "serving", repository: name, remote, branch, git: page + gitUrl };
    log(`${page}${gitUrl} serves ${remote}${branch === null ? "" : ` (${branch})`} as "${name}"`, facts);
  }
  if (gateway.config.native) {
    const sites = reachableSites(gateway, flags.gateway.host);
    for (const site of sites)
      for (const { what, command } of gateway.config.repositories.flatMap(({ name }) => opamLines(site, name)))
        log(`${`${what}:`.padEnd(27)}${command}`, { event: "opam", command });
    if (sites.map((site) => new URL(site)).some((site) => site.protocol === "http:" && !isThisMachine(site.hostname)))
      log(
        "Browsers on other machines get no mirror of their own over plain http, only these lines. Offer them https: --tls-cert and --tls-key.",
        { event: "advice" },
      );
  }
  if (flags.open && process.stdout.isTTY && process.env.CI === undefined) openBrowser(page);
  await stopped;
  log("stopping", { event: "stopping" });
  // Supervisors kill after ten seconds and more. What is published is safe on the disk, whatever still runs.
  const overdue = () => {
    log(`not everything has ended within ${stopMs / 1000} s`, { event: "overdue" });
    process.exit(1);
  };
  setTimeout(overdue, stopMs).unref();
  await gateway.close();
}

/** A second interruption ends the process at once, by the signal's default action. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
