/** One case of a contract suite: plain async code, so that it runs inside a browser as well as under a test runner. */
export interface Case {
  readonly title: string;
  /** Throws when the case fails; a string that it returns is a measurement to print. */
  run(): Promise<unknown>;
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const left = show(actual);
  const right = show(expected);
  if (left !== right) throw new Error(`${what}: got ${left}, expected ${right}`);
}

export function ok(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Resolves when `work` throws a MirrorError of that code; returns it. */
export async function refused(code: string, work: Promise<unknown>, what: string): Promise<{ readonly data: unknown }> {
  let result: unknown;
  try {
    result = await work;
  } catch (thrown) {
    const found = (thrown as { code?: unknown }).code;
    if (found === code) return thrown as { data: unknown };
    throw new Error(`${what}: threw ${String(thrown)} instead of ${code}`);
  }
  throw new Error(`${what}: resolved with ${show(result)} instead of throwing ${code}`);
}

export function equalBytes(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  if (!actual) throw new Error(`${what}: no bytes`);
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${actual.length} bytes, expected ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) throw new Error(`${what}: byte ${i} is ${actual[i]}, expected ${expected[i]}`);
  }
}

/** JSON with sorted keys, so that the order in which fields were written does not count. */
function show(value: unknown): string {
  if (value === undefined) return "undefined";
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof ArrayBuffer) return [...new Uint8Array(part)];
    if (part instanceof Uint8Array) return [...part];
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
