/**
 * A mistake or a circumstance that only the operator can change: shown as one sentence without a stack.
 * `usage` is a wrong flag (exit code 2), `start` is a state of the machine, such as a port in use (exit code 1).
 */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly kind: "usage" | "start";

  constructor(kind: "usage" | "start", message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}
