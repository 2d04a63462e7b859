import "../../../src/platform/node-globals.ts";
import LightningFS from "@isomorphic-git/lightning-fs";
import { clone, TREE, walk } from "isomorphic-git";
import http from "isomorphic-git/http/web";
import { AvailabilityMeter } from "../../../src/core/cooperation/meter.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";

export interface StockFigures {
  readonly cloneMs: number;
  /** Clone, and every file read once. */
  readonly readMs: number;
  readonly files: number;
  readonly longestGapMs: number;
}

self.onmessage = ({ data }: MessageEvent<{ url: string; branch: string; read: boolean }>) => {
  void measure(data.url, data.branch, data.read).then(
    (figures) => postMessage(figures),
    (thrown: unknown) => postMessage({ error: String(thrown) }),
  );
};

/** What a page would do with the stock packages: a shallow clone of one branch, then all files through `walk`. */
async function measure(url: string, branch: string, read: boolean): Promise<StockFigures> {
  const fs = new LightningFS("stock");
  const dir = "/repository";
  const cache = {};
  const meter = new AvailabilityMeter(systemClock, messageChannelMacrotask());
  const stop = meter.start();
  const begun = systemClock.now();
  await clone({ fs, http, dir, url, ref: branch, depth: 1, singleBranch: true, noCheckout: true, noTags: true, cache });
  const cloned = systemClock.now();
  const { longestGapMs } = meter.read();
  stop();
  let files = 0;
  if (read) {
    await walk({
      fs,
      dir,
      cache,
      trees: [TREE({ ref: branch })],
      map: async (_path, [entry]) => {
        if (!entry || (await entry.type()) !== "blob") return entry && undefined;
        if ((await entry.content()) !== undefined) files++;
        return undefined;
      },
    });
  }
  return { cloneMs: cloned - begun, readMs: systemClock.now() - begun, files, longestGapMs };
}
