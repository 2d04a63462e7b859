import { type TestContext, test } from "vitest";

/** `test`, for tests that need something: where that is missing they are listed as skipped, with the reason. */
export function checkUnless(
  missing: string | null,
  timeoutMs?: number,
): (title: string, body: (context: TestContext) => Promise<void>) => void {
  return (title, body) => {
    test(title, (context) => (missing === null ? body(context) : context.skip(missing)), timeoutMs);
  };
}
