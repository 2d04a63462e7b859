import { setTimeout as sleep } from "node:timers/promises";

/** What a function that ran in a page threw there. */
class PageError extends Error {
  override readonly name = "PageError";
  /** The `name` that the error had in the page, such as `TypeError` or `QuotaExceededError`. */
  readonly pageName: string;
  readonly pageStack: string;

  constructor(pageName: string, message: string, pageStack: string) {
    super(message);
    this.pageName = pageName;
    this.pageStack = pageStack;
  }
}

/**
 * An expression that calls the function in a page, and gives a promise of text for `callResult`. The three drivers
 * translate values and errors differently; text passes through each of them unchanged.
 */
export function callSource(fn: (...args: never[]) => unknown, args: readonly unknown[]): string {
  const list = args.map((arg) => JSON.stringify(arg) ?? "undefined").join(", ");
  // Line and paragraph separators are legal in both JSON and JavaScript strings since ES2019.
  return `(async () => {
    try {
      return JSON.stringify({ value: await (${fn.toString()})(${list}) });
    } catch (thrown) {
      const error = thrown !== null && typeof thrown === "object" ? thrown : { message: String(thrown) };
      return JSON.stringify({ error: { name: String(error.name ?? "Error"), message: String(error.message), stack: String(error.stack ?? "") } });
    }
  })()`;
}

/** The value of a call, or its error thrown. */
export function callResult(text: unknown): unknown {
  if (typeof text !== "string") throw new Error(`The page returned ${typeof text} instead of a result.`);
  const result = JSON.parse(text) as { value?: unknown; error?: { name: string; message: string; stack: string } };
  if (result.error) throw new PageError(result.error.name, result.error.message, result.error.stack);
  return result.value;
}

/** Asks again until the answer is truthy. An error counts as "not yet", because the page may be between two documents. */
export async function poll(ask: () => Promise<unknown>, what: string, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  let last = "it was false";
  for (;;) {
    try {
      const left = Math.max(1, end - performance.now());
      const value = await Promise.race([ask(), sleep(left, expired, { ref: false })]);
      if (value === expired) last = "the page did not answer";
      else if (value) return;
      else last = `it was ${String(value)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() >= end) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}: ${last}.`);
    await sleep(20);
  }
}

const expired: unique symbol = Symbol("expired");
