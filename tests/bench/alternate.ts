import { watchNoise } from "../support/machine-noise.ts";

/** A share of stolen processor time above which a run says more about the machine than about us. */
const stolenAtMost = 0.02;

export interface RunLog {
  /** Runs that were thrown away and repeated because the machine disturbed them. */
  repeated: number;
  say(line: string): void;
}

type Subjects = Readonly<Record<string, () => Promise<unknown>>>;
export type Samples<S extends Subjects> = { readonly [name in keyof S]: Awaited<ReturnType<S[name]>>[] };

/**
 * Measures several subjects in turn, `runs` times each, beginning with another one each time, so that what changes
 * slowly on the machine meets all of them alike. A run during which the hypervisor took processor time away is
 * repeated, at most as often as there are runs; then it is kept as it is.
 */
export async function alternate<S extends Subjects>(log: RunLog, runs: number, subjects: S): Promise<Samples<S>> {
  const names = Object.keys(subjects);
  const samples: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, []]));
  let repeatsLeft = runs;
  for (let run = 0; run < runs; run++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(run + i) % names.length]!;
      for (;;) {
        log.say(`run ${run + 1}/${runs}: ${name}`);
        const noise = await watchNoise();
        const sample = await subjects[name]!();
        const { steal } = (await noise()) ?? { steal: 0 };
        if (steal > stolenAtMost && repeatsLeft-- > 0) {
          log.repeated++;
          continue;
        }
        samples[name]!.push(sample);
        break;
      }
    }
  }
  return samples as Samples<S>;
}
