// Collects what vitest's JSON reporter leaves out: why tests were skipped, and which ones needed a second attempt.
import { writeFileSync } from "node:fs";

export default class NotesReporter {
  onTestRunEnd(modules) {
    const skipped = [];
    const unsteady = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note, errors } = test.result();
        const named = { file: module.relativeModuleId, name: test.fullName };
        if (state === "skipped") skipped.push({ ...named, note: note ?? "" });
        if (test.diagnostic()?.flaky) unsteady.push({ ...named, note: errors?.[0]?.message ?? "" });
      }
    }
    if (process.env.NOTES_REPORT) writeFileSync(process.env.NOTES_REPORT, JSON.stringify({ skipped, unsteady }));
  }
}
