/** Time as the host tells it. Injected everywhere, so that `core` has no clock of its own and tests can hold time still. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: Aborting): Promise<void>;
}

/** The part of the platform's AbortSignal that portable code uses; every host's AbortSignal satisfies it. */
export interface Aborting {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}
