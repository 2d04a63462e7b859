import "../../src/platform/node-globals.ts";
import * as git from "isomorphic-git";
import { browserCases } from "./store-browser-cases.ts";

// The script of a dedicated worker: it is told a case's number, and answers how the case went.

interface WorkerScope {
  postMessage(message: CaseOutcome): void;
  onmessage: ((event: MessageEvent<number>) => void) | null;
}

export interface CaseOutcome {
  readonly index: number;
  readonly error: string | null;
  readonly note: string | null;
}

const scope = globalThis as unknown as WorkerScope;
const cases = browserCases(indexedDB, git);

scope.onmessage = ({ data: index }) => {
  const chosen = cases[index];
  const run = chosen ? chosen.run() : Promise.reject(new Error(`there is no case ${index}`));
  run.then(
    (note) => scope.postMessage({ index, error: null, note: typeof note === "string" ? note : null }),
    (thrown: unknown) => {
      const { message = String(thrown), stack = "" } = thrown as { message?: string; stack?: string };
      scope.postMessage({ index, error: `${message}\n${stack}`, note: null });
    },
  );
};
