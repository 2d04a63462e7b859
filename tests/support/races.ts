/** How often tests of races are repeated beyond the first time: not at all in `npm test`, see tests/slow/races.test.ts. */
export const raceRepeats: number = Number(process.env.RACE_TIMES ?? 1) - 1;
