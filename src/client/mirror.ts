import { errorRecord, MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import type { ArchiveProblemsAnswer } from "../protocol/archive-problems.ts";
import type { ArchivesAnswer } from "../protocol/archives.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import { type Broadcast, protocolVersion, type ServiceWorkerToPage, type UpdateOrder } from "../protocol/messages.ts";
import { type ScopeNames, scopeNames } from "../protocol/names.ts";
import type { Status } from "../protocol/status.ts";
import type { UpdatesAnswer } from "../protocol/updates.ts";
import { KeptArchives } from "./archives.ts";
import { askMirror } from "./ask-mirror.ts";
import { updateAutomatically } from "./automatic-updates.ts";
import { type BlockedAddress, BlockedAddresses } from "./blocked-addresses.ts";
import { configure, gatewayRepositories } from "./configuration.ts";
import { Election } from "./election.ts";
import { Leader } from "./leader.ts";
import { LeaderOrders } from "./leader-orders.ts";
import type { Mirror } from "./mirror-interface.ts";
import type { MirrorOptions } from "./options.ts";
import { followPageLife } from "./page-life.ts";
import { Registration } from "./registration.ts";
import { restoreControl } from "./restore-control.ts";
import { defaultTimes, Schedule } from "./schedule.ts";
import { StatusView } from "./status-view.ts";
import { assertSupported } from "./support.ts";

export type { ErrorCode, MirrorError } from "../core/errors.ts";
export type { KeepingStatus, VerifyReport } from "../protocol/keeping.ts";
export type { RepositoryStatus, Status } from "../protocol/status.ts";
export type { Mirror, MirrorArchives } from "./mirror-interface.ts";
export type { MirrorOptions } from "./options.ts";

const protocol = protocolVersion;

/** After this a status that lacks a configured repository is believed. */
const longestStatusWaitMs = 2_000;

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
  try {
    await mirror.refresh();
  } catch (thrown) {
    // A mirror that nobody holds must not go on leading.
    await mirror.close();
    throw new MirrorError("peer-gone", { peer: "service worker", reason: errorRecord(thrown).message }, thrown);
  }
  return mirror;
}

class OpenMirror implements Mirror {
  readonly base: string;
  readonly #names: ScopeNames;
  readonly #registration: Registration;
  readonly #repositories: readonly RepositoryConfig[];
  readonly #election: Election;
  readonly #view: StatusView = new StatusView();
  readonly #ended: AbortController = new AbortController();
  readonly #blocked: BlockedAddresses;
  readonly #orders: LeaderOrders = new LeaderOrders(systemClock, this.#ended.signal);
  readonly archives: KeptArchives = new KeptArchives(
    (message) => this.#tell(message),
    this.#orders,
    async () => {
      const name = this.#repositories[0]?.name ?? "default";
      return (await askMirror<ArchivesAnswer>(this.base, name, "archives")).archives;
    },
  );
  /** Null while this page is frozen: an open channel keeps a page out of the back-forward cache. */
  #channel: BroadcastChannel | null = null;
  /** How many answers of `refresh` are still to come. */
  #asking = 0;
  #restoring = false;

  constructor(
    base: string,
    names: ScopeNames,
    registration: Registration,
    repositories: readonly RepositoryConfig[],
    { autoUpdate = true, updateIntervalMs = defaultTimes.interval }: MirrorOptions,
  ) {
    this.base = base;
    this.#names = names;
    this.#registration = registration;
    this.#repositories = repositories;
    const failed = (thrown: unknown) => this.#view.failed(errorRecord(thrown), systemClock.wall());
    this.#election = new Election(
      names,
      new Leader(names, base, repositories, autoUpdate, () => this.#brokerPort(), failed),
    );
    const { signal } = this.#ended;
    this.#blocked = new BlockedAddresses(
      repositories.flatMap(({ origins }) => origins),
      signal,
    );
    if (autoUpdate) {
      const times = { ...defaultTimes, interval: updateIntervalMs };
      const known = () => this.status?.repositories ?? [];
      const schedule = new Schedule(systemClock, times, known, (name) => void this.update(name).catch(() => undefined));
      updateAutomatically(schedule, () => this.leading, signal);
      registration.wakePeriodically(updateIntervalMs);
    }
    navigator.serviceWorker.addEventListener(
      "message",
      ({ data }: MessageEvent<ServiceWorkerToPage>) => {
        if (data?.protocol === protocol && data.type === "engine-wanted") this.#brokerPort();
      },
      { signal },
    );
    navigator.serviceWorker.startMessages();
    navigator.serviceWorker.addEventListener(
      "controllerchange",
      () => (this.requestsControlled ? this.#brokerPort() : void this.#restore()),
      { signal },
    );
    followPageLife(
      () => this.#sleep(),
      () => this.#wake(),
      signal,
    );
    this.#wake();
  }

  get status(): Status | null {
    return this.#view.status;
  }

  get leading(): boolean {
    return this.#election.process !== null;
  }

  get blocked(): readonly BlockedAddress[] {
    return this.#blocked.all;
  }

  onBlocked(listener: (blocked: BlockedAddress) => void): () => void {
    return this.#blocked.subscribe(listener);
  }

  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const { href, protocol: scheme } = new URL(url, document.baseURI);
    const isArchive = /^https?:$/.test(scheme) && /^(?:GET|HEAD)$/i.test(init.method ?? "GET");
    const [repository] = this.#repositories;
    if (isArchive && repository !== undefined) {
      const address = new URL(`opam/${repository.name}/archive`, this.base);
      address.searchParams.set("url", href);
      const response = await fetch(address, { ...init, mode: "same-origin" });
      if (response.status !== 404) return response;
      await response.body?.cancel();
    }
    return fetch(href, init);
  }

  get requestsControlled(): boolean {
    return navigator.serviceWorker.controller !== null;
  }

  subscribe(listener: (status: Status) => void): () => void {
    return this.#view.subscribe(listener);
  }

  async ready(): Promise<void> {
    const isReady = (status: Status | null) =>
      status !== null && status.repositories.length > 0 && status.repositories.every(({ commit }) => commit !== null);
    if (isReady(this.status)) return;
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
      const { process } = this.#election;
      // Not to the engine of this tab itself: a tab that is frozen loses it, and nobody would answer any more.
      const given = this.#orders.give("The update", (id) =>
        this.#tell({ type: "update-wanted", protocol, repository: name, order, id }),
      );
      await Promise.race(process === null ? [given] : [given, process.failed]);
    }
  }

  onUpdateWaiting(listener: () => void): () => void {
    return this.#registration.onUpdateWaiting(listener);
  }

  takeOver(): Promise<void> {
    return this.#registration.takeOver();
  }

  updates(repository: string): Promise<UpdatesAnswer> {
    return askMirror(this.base, repository, "updates");
  }

  problems(repository: string): Promise<ArchiveProblemsAnswer> {
    return askMirror(this.base, repository, "problems");
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#sleep();
    this.#view.end();
  }

  /** Asks the service worker for the whole status: what broadcasts do not carry (storage, archives) comes from there. */
  async refresh(): Promise<void> {
    const first = this.#repositories[0];
    if (first === undefined) return;
    this.#asking++;
    try {
      const status = await this.#wholeStatus(first.name);
      if (status !== null) this.#view.answered(status);
    } finally {
      this.#asking--;
    }
  }

  /**
   * Null when there is no answer. Asked again are a service worker that was killed meanwhile, and one whose store was late for its
   * first answer: that names no repository yet.
   */
  async #wholeStatus(repository: string): Promise<Status | null> {
    const url = new URL(`opam/${repository}/status`, this.base);
    for (let waitMs = 100; ; waitMs *= 2) {
      const last = waitMs > longestStatusWaitMs;
      try {
        const response = await fetch(url, { headers: { accept: "application/json" } });
        if (!response.ok) return null;
        const status = (await response.json()) as Status;
        const whole = this.#repositories.every(({ name }) => status.repositories.some((one) => one.name === name));
        if (whole || last) return status;
      } catch (thrown) {
        if (last) throw thrown;
      }
      await systemClock.sleep(waitMs, this.#ended.signal);
    }
  }

  #heard(message: Broadcast): void {
    if (message.protocol !== protocol) return;
    if (message.type === "keeping-answer" || message.type === "update-answer") this.#orders.answered(message);
    this.archives.heard(message);
    if (message.type !== "progress") return;
    const { repository, availability } = message;
    const known = this.#view.find(repository.name);
    const settled = repository.state !== "syncing" && known?.state === "syncing";
    this.#view.heard(repository, availability);
    if (settled || (!known && this.#asking === 0)) void this.refresh().catch(() => undefined);
  }

  #tell(message: Broadcast): void {
    this.#channel?.postMessage(message);
  }

  /** This page is about to stand still: another one has to lead, now. */
  #sleep(): void {
    this.#election.leave();
    this.#channel?.close();
    this.#channel = null;
  }

  #wake(): void {
    if (this.#channel !== null) return;
    const missed = this.status !== null;
    this.#view.missedSome();
    this.#channel = new BroadcastChannel(this.#names.progressChannel);
    this.#channel.onmessage = ({ data }: MessageEvent<Broadcast>) => this.#heard(data);
    this.#election.join();
    this.#tell({ type: "progress-wanted", protocol });
    if (missed) void this.refresh().catch(() => undefined);
  }

  /** The browser has cleared what this origin stored, its service worker included. */
  async #restore(): Promise<void> {
    if (this.#restoring) return;
    this.#restoring = true;
    const { signal } = this.#ended;
    await restoreControl(this.#registration, this.#repositories, signal);
    this.#restoring = false;
    if (!signal.aborted) await this.update().catch(() => undefined);
  }

  #brokerPort(): void {
    const { process } = this.#election;
    if (process === null) return;
    const port = process.port();
    this.#registration.post({ type: "engine-port", protocol, port }, [port]);
  }
}
