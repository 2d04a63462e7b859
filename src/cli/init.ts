import { copyFile, mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OperatorError } from "../gateway/operator-error.ts";
import { packageRoot } from "../gateway/package-root.ts";

/** The service worker, and the engine that it imports when it syncs without a page. */
const scripts = ["sw.js", "sw-engine.js"];

/** Copies the service worker into the public folder of a site and says what to do next. */
export async function init(args: readonly string[]): Promise<void> {
  const [folder, ...rest] = args;
  if (folder === undefined || folder.startsWith("-") || rest.length > 0) {
    throw new OperatorError(
      "usage",
      "init takes one folder: opam-web-mirror init DIR, where DIR is the public folder of your site.",
    );
  }
  const from = join(packageRoot(), "dist", "client");
  const target = resolve(folder);
  for (const script of scripts) {
    if ((await stat(join(from, script)).catch(() => null)) === null)
      throw new OperatorError("start", `${join(from, script)} does not exist. Build it with: npm run build.`);
  }
  try {
    await mkdir(target, { recursive: true });
    for (const script of scripts) await copyFile(join(from, script), join(target, script));
  } catch (error) {
    throw new OperatorError(
      "start",
      `${target} could not be written to (${(error as Error).message}). Choose a folder you may write to.`,
      error,
    );
  }
  process.stdout.write(`copied the service worker to ${target}: ${scripts.join(" and ")}

Next:
  1. Serve both from your site with the type text/javascript and "Cache-Control: no-cache".
     Their folder is the scope: requests below it are answered by the mirror.
  2. In your page:
       import { openMirror } from "opam-web-mirror";
       const mirror = await openMirror({ serviceWorker: "/sw.js" });
  3. Run this command again after each update of opam-web-mirror.
`);
}
