import { watchCpu } from "./cpu-time.ts";

/** A share of stolen processor time above which a run says more about the machine than about us. */
const stolenAtMost = 0.02;

export interface RunLog {
  /** Runs that were thrown away and repeated because the machine disturbed them. */
  repeated: number;
  /** Highest share of stolen time among the runs that were kept. */
  mostStolen: number;
  say(line: string): void;
}

type Subjects = Readonly<Record<string, () => Promise<unknown>>>;
export type Samples<S extends Subjects> = { readonly [name in keyof S]: Awaited<ReturnType<S[name]>>[] };

/**
 * Measures several subjects in turn, `runs` times each, beginning with another one each time, so that what changes
 * slowly on the machine meets all of them alike. A run disturbed by the machine is repeated, at most as often as there
 * are runs; then it is kept as it is.
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
        const cpu = watchCpu();
        const sample = await subjects[name]!();
        const { stolen } = cpu();
        if (stolen > stolenAtMost && repeatsLeft-- > 0) {
          log.repeated++;
          continue;
        }
        log.mostStolen = Math.max(log.mostStolen, stolen);
        samples[name]!.push(sample);
        break;
      }
    }
  }
  return samples as Samples<S>;
}
