import { copyFile, mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OperatorError } from "../gateway/operator-error.ts";
import { packageRoot } from "../gateway/package-root.ts";

/** Copies the service worker into the public folder of a site and says what to do next. */
export async function init(args: readonly string[]): Promise<void> {
  const [folder, ...rest] = args;
  if (folder === undefined || folder.startsWith("-") || rest.length > 0) {
    throw new OperatorError(
      "usage",
      "init takes one folder: opam-web-mirror init DIR, where DIR is the public folder of your site.",
    );
  }
  const source = join(packageRoot(), "dist", "client", "sw.js");
  if ((await stat(source).catch(() => null)) === null) {
    throw new OperatorError("start", `${source} does not exist. Build it with: npm run build.`);
  }
  const target = join(resolve(folder), "sw.js");
  try {
    await mkdir(resolve(folder), { recursive: true });
    await copyFile(source, target);
  } catch (error) {
    throw new OperatorError(
      "start",
      `${target} could not be written (${(error as Error).message}). Choose a folder you may write to.`,
      error,
    );
  }
  process.stdout.write(`copied the service worker to ${target}

Next:
  1. Serve it from your site with the type text/javascript and "Cache-Control: no-cache".
     Its folder is its scope: requests below it are answered by the mirror.
  2. In your page:
       import { openMirror } from "opam-web-mirror";
       const mirror = await openMirror({ serviceWorker: "/sw.js" });
  3. Run this command again after each update of opam-web-mirror.
`);
}
