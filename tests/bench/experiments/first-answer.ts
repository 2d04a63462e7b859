import { alternate } from "../alternate.ts";
import { type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import { figure, makeRow } from "../row.ts";
import { median } from "../statistics.ts";

const bytesPerSecond = 2e6;
/** Files that are asked for at once; the share is that of the one answered first. */
const asked = 24;

export const firstAnswer: Experiment = {
  part: "sync",
  ids: ["sync.first-answer"],
  async measure(bench) {
    const { subject } = bench;
    const slow = await bench.openSite(subject.gitDir, bytesPerSecond);
    const { answers } = await alternate(bench.log, bench.runs, {
      answers: () =>
        inFreshChromium(slow, async (tab) => {
          await startEngine(tab);
          await tab.evaluate(() => globalThis.bench.registerMirror());
          return tab.evaluate(
            (branch, paths) => globalThis.bench.firstAnswers(branch, paths),
            "master",
            subject.paths.slice(0, asked),
          );
        }),
    });
    const share = (bytes: number) => bytes / subject.packBytes;
    const all = answers.flat().map(({ bytes }) => share(bytes));
    bench.emit(
      makeRow({
        id: "sync.first-answer",
        unit: "",
        samples: answers.map((run) => share(Math.min(...run.map(({ bytes }) => bytes)))),
        atMost: 0.5,
        note: `share of the pack; of ${asked} files at 2 MB/s the middle one came at ${figure(median(all))}, after ${figure(
          median(answers.flat().map(({ atMs }) => atMs / 1000)),
        )} s`,
      }),
    );
  },
};
