import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Mirror } from "../../client/mirror-interface.ts";
import type { Aborting, Clock } from "../../core/cooperation/clock.ts";
import { type ErrorRecord, errorRecord } from "../../core/errors.ts";
import type { UpdateOrder } from "../../protocol/messages.ts";
import type { RepositoryStatus, Status } from "../../protocol/status.ts";
import type { UpdatesAnswer } from "../../protocol/updates.ts";
import { announcement } from "./announcement.ts";
import { addSample, type Rate, rateOf, type Sample } from "./rate.ts";

/**
 * All state that the pages show, as signals. Owns the subscription to the mirror; knows no DOM, so that every picture
 * can be made from a fake mirror.
 */
export class Dashboard {
  /** Base URL of the app, ends in "/"; the mirror's own once there is one. */
  readonly base: Signal<string>;
  readonly mirror: Signal<Mirror | null> = signal(null);
  readonly status: Signal<Status | null> = signal(null);
  /** Why the mirror could not start. */
  readonly failure: Signal<ErrorRecord | null> = signal(null);
  readonly updateWaiting: Signal<boolean> = signal(false);
  readonly online: Signal<boolean> = signal(true);
  /** Milliseconds since the Unix epoch, as fresh as the page needs it. */
  readonly now: Signal<number>;
  /** What a screen reader is told next. */
  readonly said: Signal<string> = signal("");
  /** Repositories whose update was asked for and has not shown in the status yet. */
  readonly asked: Signal<ReadonlySet<string>> = signal(new Set());
  /** Why asking for an update failed. */
  readonly refusal: Signal<ErrorRecord | null> = signal(null);

  /** What the latest updates changed, by repository. */
  readonly updates: Signal<ReadonlyMap<string, UpdatesAnswer>> = signal(new Map());

  readonly clock: Clock;
  readonly #asking = new Set<string>();
  readonly #rates: Signal<ReadonlyMap<string, Rate | null>> = signal(new Map());
  readonly #samples = new Map<string, readonly Sample[]>();

  constructor(clock: Clock, base: string) {
    this.clock = clock;
    this.base = signal(base);
    this.now = signal(clock.wall());
  }

  get rates(): ReadonlySignal<ReadonlyMap<string, Rate | null>> {
    return this.#rates;
  }

  /** Opens the mirror and follows it. Never rejects: a failure is shown. */
  async start(open: () => Promise<Mirror>): Promise<void> {
    try {
      const mirror = await open();
      batch(() => {
        this.mirror.value = mirror;
        this.base.value = mirror.base;
        if (mirror.status !== null) this.#receive(mirror.status);
      });
      mirror.subscribe((status) => this.#receive(status));
      mirror.onUpdateWaiting(() => {
        this.updateWaiting.value = true;
      });
    } catch (thrown) {
      this.failure.value = errorRecord(thrown);
    }
  }

  /** Keeps relative times and rates fresh: every half second while something runs, else every ten. Ends with the signal. */
  async tick(stop: Aborting): Promise<void> {
    while (!stop.aborted) {
      const busy = this.status.value?.repositories.some((repository) => repository.state === "syncing") ?? false;
      await this.clock.sleep(busy ? 500 : 10_000, stop).catch(() => undefined);
      batch(() => {
        this.now.value = this.clock.wall();
        if (busy) this.#measure();
      });
    }
  }

  /** Asks for a sync of one repository, or of all. Never rejects: a refusal is shown. */
  async update(name?: string, order?: UpdateOrder): Promise<void> {
    const { value: mirror } = this.mirror;
    const idle = this.status.value?.repositories.filter((repository) => this.canUpdate(repository)) ?? [];
    const names = idle
      .map((repository) => repository.name)
      .filter((candidate) => name === undefined || candidate === name);
    if (mirror === null || names.length === 0) return;
    this.refusal.value = null;
    this.asked.value = new Set([...this.asked.value, ...names]);
    try {
      await (name === undefined ? mirror.update() : mirror.update(name, order));
    } catch (thrown) {
      this.refusal.value = errorRecord(thrown);
    } finally {
      this.asked.value = new Set([...this.asked.value].filter((asked) => !names.includes(asked)));
    }
  }

  canUpdate(repository: RepositoryStatus): boolean {
    return repository.state !== "syncing" && !this.asked.value.has(repository.name);
  }

  #receive(status: Status): void {
    batch(() => {
      const said = announcement(this.status.value, status);
      const at = this.clock.now();
      for (const { name, state, phase, progress } of status.repositories) {
        if (state !== "syncing") this.#samples.delete(name);
        else this.#samples.set(name, addSample(this.#samples.get(name) ?? [], { at, phase: phase ?? "", progress }));
      }
      this.status.value = status;
      this.now.value = this.clock.wall();
      if (said !== null) this.said.value = said;
      this.#measure();
    });
    for (const { name, commit } of status.repositories) if (commit !== null) void this.#follow(name, commit);
  }

  /** Fetches the list of updates that leads to this commit. What fails, or comes too early, is asked for again at the next status. */
  async #follow(name: string, commit: string): Promise<void> {
    const { value: mirror } = this.mirror;
    if (mirror === null || this.#asking.has(name) || this.updates.value.get(name)?.commit === commit) return;
    this.#asking.add(name);
    try {
      const answer = await mirror.updates(name);
      this.updates.value = new Map(this.updates.value).set(name, answer);
    } catch {
      // The list is a convenience; why the mirror does not answer is said elsewhere.
    } finally {
      this.#asking.delete(name);
    }
  }

  #measure(): void {
    const at = this.clock.now();
    this.#rates.value = new Map([...this.#samples].map(([name, samples]) => [name, rateOf(samples, at)]));
  }
}
