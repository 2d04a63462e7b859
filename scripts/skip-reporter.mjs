// Collects the tests that were skipped and why; vitest's JSON reporter leaves the reasons out.
import { writeFileSync } from "node:fs";

export default class SkipReporter {
  onTestRunEnd(modules) {
    const skipped = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "skipped")
          skipped.push({ file: module.relativeModuleId, name: test.fullName, note: result.note ?? "" });
      }
    }
    if (process.env.SKIP_REPORT) writeFileSync(process.env.SKIP_REPORT, JSON.stringify(skipped));
  }
}
