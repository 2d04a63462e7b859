/** Names of the failures that browsers report. The first three say that the handle is lost, and are tried again. */
export const failureNames = ["UnknownError", "AbortError", "InvalidStateError", "QuotaExceededError"] as const;
export type FailureName = (typeof failureNames)[number];

export interface FailurePlan {
  /** Number of the operation that fails, from 1. */
  readonly nth: number;
  readonly name: FailureName;
  /** Whether all operations after it fail too. */
  readonly forGood: boolean;
}

const requests = [
  [IDBObjectStore, ["get", "getAll", "getAllKeys", "getKey", "put", "delete"]],
  [IDBIndex, ["openKeyCursor"]],
] as const;

/**
 * Counts the operations on fake-indexeddb, opening and transactions included, and has one of them fail, or all from one on. A request fails
 * as in a browser: it is accepted, and its transaction aborts. Returns how to put everything right; `operations` counts on until then.
 */
export function failIndexedDb(plan: FailurePlan | null): { readonly operations: () => number; heal(): void } {
  let count = 0;
  const due = () => {
    count++;
    return plan !== null && (count === plan.nth || (plan.forGood && count > plan.nth));
  };
  const undo: (() => void)[] = [];
  const replace = (prototype: object, method: string, make: (real: (...args: unknown[]) => unknown) => unknown) => {
    const record = prototype as Record<string, unknown>;
    const real = record[method] as (...args: unknown[]) => unknown;
    record[method] = make(real);
    undo.push(() => {
      record[method] = real;
    });
  };
  const failure = () => new DOMException("injected", plan?.name);
  for (const [prototype, method] of [
    [IDBFactory.prototype, "open"],
    [IDBDatabase.prototype, "transaction"],
  ] as const) {
    replace(
      prototype,
      method,
      (real) =>
        function (this: unknown, ...args: unknown[]): unknown {
          if (due()) throw failure();
          return real.apply(this, args);
        },
    );
  }
  for (const [type, methods] of requests) {
    for (const method of methods) {
      replace(
        type.prototype,
        method,
        (real) =>
          function (this: IDBObjectStore | IDBIndex, ...args: unknown[]): unknown {
            const fails = due();
            const request = real.apply(this, args);
            const store = "objectStore" in this ? this.objectStore : this;
            if (fails) (store.transaction as unknown as { _abort(name: string): void })._abort(plan!.name);
            return request;
          },
      );
    }
  }
  return {
    operations: () => count,
    heal: () => {
      for (const step of undo.splice(0)) step();
    },
  };
}
