import { withDeadline } from "../core/cooperation/deadline.ts";
import { asMirrorError, type ErrorRecord, errorRecord, MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { channelPorts } from "../platform/message-channel.ts";
import type { MirrorConfig, RepositoryConfig } from "../protocol/config.ts";
import {
  type Broadcast,
  type Configured,
  protocolVersion,
  type ServiceWorkerToPage,
  type UpdateOrder,
} from "../protocol/messages.ts";
import { type ScopeNames, scopeNames } from "../protocol/names.ts";
import type { RepositoryStatus, Status } from "../protocol/status.ts";
import type { UpdatesAnswer } from "../protocol/updates.ts";
import { updateAutomatically } from "./automatic-updates.ts";
import { Leader } from "./leader.ts";
import type { Mirror } from "./mirror-interface.ts";
import type { MirrorOptions } from "./options.ts";
import { Registration } from "./registration.ts";
import { defaultTimes, Schedule } from "./schedule.ts";
import { assertSupported } from "./support.ts";

export type { RepositoryStatus, Status } from "../protocol/status.ts";
export type { Mirror } from "./mirror-interface.ts";
export type { MirrorOptions } from "./options.ts";

const protocol = protocolVersion;

/** After this a status that lacks a configured repository is believed. */
const longestStatusWaitMs = 2_000;
const configureMs = 10_000;

/**
 * Opens the mirror of this scope: registers the service worker, joins the election of the tab that syncs, and resolves when
 * requests of this page are answered. Throws MirrorError: `unsupported`, `deadline`, `store-*`.
 */
export async function openMirror(options: MirrorOptions = {}): Promise<Mirror> {
  assertSupported();
  const base = new URL(".", options.base ?? document.baseURI).href;
  const names = scopeNames(base);
  const [registration, wanted] = await Promise.all([
    Registration.open(options.serviceWorker ?? new URL("sw.js", base).href, base),
    options.repositories ?? gatewayRepositories(base),
  ]);
  const repositories = await configure(registration, wanted);
  const mirror = new OpenMirror(base, names, registration, repositories, options);
  await mirror.refresh();
  return mirror;
}

/** Has the service worker write the configuration into the store, and returns what is mirrored; null asks for what was before. */
async function configure(
  registration: Registration,
  repositories: readonly RepositoryConfig[] | null,
): Promise<readonly RepositoryConfig[]> {
  const [here, there] = channelPorts();
  const answered = new Promise<Configured>((resolve) => {
    here.onmessage = ({ data }: MessageEvent<Configured>) => resolve(data);
  });
  registration.post({ type: "configure", protocol, repositories }, [there]);
  const what = "The configuration of the service worker";
  const answer = await withDeadline(
    systemClock,
    answered,
    configureMs,
    () => new MirrorError("deadline", { what, ms: configureMs }),
  );
  here.close();
  if (answer.type === "failed") throw asMirrorError(answer.error);
  return answer.repositories;
}

/** Null when the gateway cannot be reached: offline, or a static host. */
async function gatewayRepositories(base: string): Promise<readonly RepositoryConfig[] | null> {
  try {
    const response = await fetch(new URL("gateway/config.json", base), { cache: "no-store" });
    return response.ok ? ((await response.json()) as MirrorConfig).repositories : null;
  } catch {
    return null;
  }
}

class OpenMirror implements Mirror {
  readonly base: string;
  readonly #registration: Registration;
  readonly #repositories: readonly RepositoryConfig[];
  readonly #channel: BroadcastChannel;
  readonly #leader: Leader;
  readonly #listeners: Set<(status: Status) => void> = new Set();
  readonly #ended: AbortController = new AbortController();
  #status: Status | null = null;
  /** How many answers of `refresh` are still to come. */
  #asking = 0;

  constructor(
    base: string,
    names: ScopeNames,
    registration: Registration,
    repositories: readonly RepositoryConfig[],
    { autoUpdate = true, updateIntervalMs = defaultTimes.interval }: MirrorOptions,
  ) {
    this.base = base;
    this.#registration = registration;
    this.#repositories = repositories;
    this.#channel = new BroadcastChannel(names.progressChannel);
    this.#channel.onmessage = ({ data }: MessageEvent<Broadcast>) => this.#heard(data);
    this.#leader = new Leader(
      names,
      base,
      () => repositories,
      (process) => {
        this.#brokerPort();
        if (autoUpdate) for (const { name } of repositories) void process.engine.update(name);
      },
      (thrown) => this.#engineFailed(errorRecord(thrown)),
    );
    const { signal } = this.#ended;
    if (autoUpdate) {
      const times = { ...defaultTimes, interval: updateIntervalMs };
      const known = () => this.#status?.repositories ?? [];
      const schedule = new Schedule(systemClock, times, known, (name) => void this.update(name).catch(() => undefined));
      updateAutomatically(schedule, () => this.#leader.process !== null, signal);
    }
    navigator.serviceWorker.addEventListener(
      "message",
      ({ data }: MessageEvent<ServiceWorkerToPage>) => {
        if (data?.protocol === protocol && data.type === "engine-wanted") this.#brokerPort();
      },
      { signal },
    );
    navigator.serviceWorker.startMessages();
    navigator.serviceWorker.addEventListener("controllerchange", () => this.#brokerPort(), { signal });
  }

  get status(): Status | null {
    return this.#status;
  }

  get requestsControlled(): boolean {
    return navigator.serviceWorker.controller !== null;
  }

  subscribe(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async ready(): Promise<void> {
    const isReady = (status: Status | null) =>
      status !== null && status.repositories.length > 0 && status.repositories.every(({ commit }) => commit !== null);
    if (isReady(this.#status)) return;
    await new Promise<void>((resolve) => {
      const end = this.subscribe((status) => {
        if (!isReady(status)) return;
        end();
        resolve();
      });
    });
  }

  async update(repository?: string, order: UpdateOrder = {}): Promise<void> {
    const wanted = repository === undefined ? this.#repositories.map(({ name }) => name) : [repository];
    for (const name of wanted) {
      if (!this.#repositories.some((one) => one.name === name)) throw new MirrorError("unknown-repository", { name });
      const { process } = this.#leader;
      if (process !== null) await Promise.race([process.engine.update(name, order), process.failed]);
      else this.#channel.postMessage({ type: "update-wanted", protocol, repository: name, order } satisfies Broadcast);
    }
  }

  onUpdateWaiting(listener: () => void): () => void {
    return this.#registration.onUpdateWaiting(listener);
  }

  takeOver(): Promise<void> {
    return this.#registration.takeOver();
  }

  async updates(repository: string): Promise<UpdatesAnswer> {
    const response = await fetch(new URL(`opam/${repository}/updates`, this.base), {
      headers: { accept: "application/json" },
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw asMirrorError(answer);
    return answer as UpdatesAnswer;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#leader.end();
    this.#channel.close();
    this.#listeners.clear();
  }

  /** Asks the service worker for the whole status: what broadcasts do not carry (storage, archives) comes from there. */
  async refresh(): Promise<void> {
    const first = this.#repositories[0];
    if (first === undefined) return;
    this.#asking++;
    try {
      const status = await this.#wholeStatus(first.name);
      if (status !== null) this.#tell(status);
    } finally {
      this.#asking--;
    }
  }

  /** Null when there is no answer. A service worker whose store was late for its first answer names no repository yet: it is asked again. */
  async #wholeStatus(repository: string): Promise<Status | null> {
    for (let waitMs = 100; ; waitMs *= 2) {
      const response = await fetch(new URL(`opam/${repository}/status`, this.base), {
        headers: { accept: "application/json" },
      });
      if (!response.ok) return null;
      const status = (await response.json()) as Status;
      const whole = this.#repositories.every(({ name }) => status.repositories.some((one) => one.name === name));
      if (whole || waitMs > longestStatusWaitMs) return status;
      await systemClock.sleep(waitMs, this.#ended.signal);
    }
  }

  #heard(message: Broadcast): void {
    if (message.protocol !== protocol || message.type !== "progress") return;
    const { repository, availability } = message;
    const known = this.#find(repository.name);
    const settled = repository.state !== "syncing" && known?.state === "syncing";
    if (this.#status !== null) {
      const repositories = this.#status.repositories.map((one) =>
        one.name === repository.name ? { ...repository, archives: one.archives } : one,
      );
      this.#tell({ ...this.#status, repositories, availability });
    }
    if (settled || (!known && this.#asking === 0)) void this.refresh().catch(() => undefined);
  }

  #find(name: string): RepositoryStatus | undefined {
    return this.#status?.repositories.find((one) => one.name === name);
  }

  #tell(status: Status): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }

  /** No engine, no sync: that is said where people look for the state of the repository. */
  #engineFailed(error: ErrorRecord): void {
    if (this.#status === null) return;
    const lastSync = { startedAt: new Date(systemClock.wall()).toISOString(), durationMs: 0, changedFiles: 0, error };
    this.#tell({
      ...this.#status,
      repositories: this.#status.repositories.map((one) => ({ ...one, state: "error", phase: null, lastSync })),
    });
  }

  #brokerPort(): void {
    const { process } = this.#leader;
    if (process === null) return;
    const port = process.port();
    this.#registration.post({ type: "engine-port", protocol, port }, [port]);
  }
}
