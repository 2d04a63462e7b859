import { rm } from "node:fs/promises";
import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium } from "../bench.ts";
import { cacheFolder } from "../cache-folder.ts";
import { makeRow } from "../row.ts";
import { median } from "../statistics.ts";
import type { Subject } from "../subject.ts";
import { timedCommand } from "../timed-command.ts";
import { profileWorker } from "../worker-profile.ts";

export const packIndex: Experiment = {
  part: "sync",
  ids: ["pack.index", "pack.index-strict"],
  async measure(bench) {
    const { subject } = bench;
    const { ours, git, strict } = await alternate(bench.log, bench.runs, {
      ours: () => indexPack(bench),
      git: () => gitIndexPack(subject, []),
      strict: () => gitIndexPack(subject, ["--strict"]),
    });
    const samples = ours.map(({ ms }) => ms);
    const part = (name: "readMs" | "closureMs" | "idxMs") => median(ours.map((figures) => figures[name])).toFixed(0);
    bench.emit(
      makeRow({
        id: "pack.index",
        unit: "ms",
        samples,
        peer: { name: "git index-pack --threads=1", samples: git },
        atMostTimes: 1.5,
        note: `reading ${part("readMs")}, closure ${part("closureMs")}, idx ${part("idxMs")} ms`,
      }),
    );
    bench.emit(
      makeRow({
        id: "pack.index-strict",
        unit: "ms",
        samples,
        peer: { name: "git index-pack --threads=1 --strict", samples: strict },
      }),
    );
  },
};

function indexPack(bench: Bench) {
  return inFreshChromium(bench.site, async (tab) => {
    const { profiles } = bench.options;
    const index = () =>
      tab.evaluate((...given) => globalThis.bench.indexPack(...given), bench.subject.commit, profiles !== null);
    return profiles === null ? index() : profileWorker(tab, join(profiles, "pack-index.cpuprofile"), index);
  });
}

async function gitIndexPack(subject: Subject, options: readonly string[]): Promise<number> {
  const { emptyGitDir, packFile } = subject;
  const idx = join(cacheFolder, `index-${process.pid}.idx`);
  const command = ["--git-dir", emptyGitDir, "index-pack", "--threads=1", ...options, "-o", idx, packFile];
  try {
    return await timedCommand("git", command);
  } finally {
    for (const name of [idx, idx.replace(/idx$/, "rev")]) await rm(name, { force: true });
  }
}
