import type { ErrorRecord } from "../core/errors.ts";
import type { AvailabilityStatus, RepositoryStatus, Status } from "../protocol/status.ts";

/**
 * What this page knows of the mirror. Two tell it: the service worker, asked for everything, and the engine, which says at once what has
 * changed. What the engine says of a repository is newer than any answer: an answer may repeat what the engine said a while ago.
 */
export class StatusView {
  readonly #listeners: Set<(status: Status) => void> = new Set();
  readonly #heard: Map<string, RepositoryStatus> = new Map();
  #availability: AvailabilityStatus | null = null;
  #status: Status | null = null;

  get status(): Status | null {
    return this.#status;
  }

  /** Calls the listener at every change; the returned function ends it. */
  subscribe(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  find(name: string): RepositoryStatus | undefined {
    return this.#status?.repositories.find((one) => one.name === name);
  }

  /** The service worker's answer. */
  answered(status: Status): void {
    const repositories = status.repositories.map((one) => this.#overlaid(one));
    this.#tell({ ...status, repositories, availability: this.#availability ?? status.availability });
  }

  /** The engine's word on one repository. */
  heard(repository: RepositoryStatus, availability: AvailabilityStatus): void {
    this.#heard.set(repository.name, repository);
    this.#availability = availability;
    if (this.#status === null) return;
    const repositories = this.#status.repositories.map((one) => this.#overlaid(one));
    this.#tell({ ...this.#status, repositories, availability });
  }

  /** No engine, no sync: that is said where people look for the state of the repository. */
  failed(error: ErrorRecord, now: number): void {
    if (this.#status === null) return;
    const lastSync = { startedAt: new Date(now).toISOString(), durationMs: 0, changedFiles: 0, error };
    for (const one of this.#status.repositories)
      this.#heard.set(one.name, { ...one, state: "error", phase: null, lastSync });
    this.#tell({ ...this.#status, repositories: this.#status.repositories.map((one) => this.#overlaid(one)) });
  }

  /** This page heard nothing for a while. */
  missedSome(): void {
    this.#heard.clear();
    this.#availability = null;
  }

  end(): void {
    this.#listeners.clear();
  }

  /** The archives are the service worker's business. */
  #overlaid(repository: RepositoryStatus): RepositoryStatus {
    const heard = this.#heard.get(repository.name);
    return heard === undefined ? repository : { ...heard, archives: repository.archives };
  }

  #tell(status: Status): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }
}
