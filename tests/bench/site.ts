import { startGateway } from "../../src/gateway/serve.ts";

/** A gateway with the product, the benchmark's pages and one repository. */
export interface Site {
  /** Of the app, with the final slash. `localhost`, because that is a secure context in every browser. */
  readonly base: string;
  /** The benchmark's page. */
  readonly page: string;
  /** Where Git clones from: the same server. */
  readonly git: string;
  close(): Promise<void>;
}

/** `upstreamCaches`: folders of archives. */
export async function openSite(
  appDirectory: string,
  gitDir: string,
  throttle?: number,
  upstreamCaches: readonly string[] = [],
): Promise<Site> {
  const gateway = await startGateway({
    port: 0,
    appDirectory,
    // The gateway's own copy would be made on the same processors.
    mirror: false,
    upstreamCaches,
    repositories: [{ name: "default", url: gitDir, branch: "master" }],
    ...(throttle !== undefined && { throttleBytesPerSecond: throttle }),
  });
  const base = `${gateway.url.replace("127.0.0.1", "localhost")}/`;
  return {
    base,
    page: `${base}bench/page.html`,
    git: `${gateway.url}/git/default`,
    close: () => gateway.close(),
  };
}
