import { systemClock } from "../platform/clock.ts";
import { type LeaderMessage, protocolVersion } from "../protocol/messages.ts";
import type { ScopeNames } from "../protocol/names.ts";
import type { EngineProcess } from "./engine-process.ts";
import type { Leader } from "./leader.ts";
import { LeaderWatch, type Pace } from "./leader-watch.ts";

const protocol = protocolVersion;

/** Somebody looks at this tab, and another one leads: in 1.2 to 1.6 s a leader that has gone silent is replaced. */
const looking: Pace = { everyMs: 400, patience: 3 };
/** Nobody looks: the next scheduled sync is all that would be missed. */
const hidden: Pace = { everyMs: 20_000, patience: 3 };
/** This tab leads, and watches its own worker: nobody is told when a browser ends one. A loaded machine must not be taken for that. */
const leading: Pace = { everyMs: 1_000, patience: 4 };

/** Tabs that notice the same silence must not take the lock from each other: one may, and the others listen to it meanwhile. */
const settleMs = 1_000;

/** This tab's part in the choice of the one that syncs: it waits for the lock, and watches who has it. */
export class Election {
  readonly #names: ScopeNames;
  readonly #leader: Leader;
  #present: AbortController | null = null;

  constructor(names: ScopeNames, leader: Leader) {
    this.#names = names;
    this.#leader = leader;
  }

  get process(): EngineProcess | null {
    return this.#leader.process;
  }

  join(): void {
    if (this.#present !== null) return;
    this.#present = new AbortController();
    const { signal } = this.#present;
    const channel = new BroadcastChannel(this.#names.leaderChannel);
    signal.addEventListener("abort", () => channel.close(), { once: true });
    const say = (type: LeaderMessage["type"]) => channel.postMessage({ type, protocol } satisfies LeaderMessage);
    const watch = new LeaderWatch(
      systemClock,
      () => say("beat-wanted"),
      () => this.#silent(),
    );
    channel.onmessage = ({ data }: MessageEvent<LeaderMessage>) => {
      if (data.type === "beat") watch.heard();
      // Until its worker answers for itself, the page does.
      else if (this.process?.alive === false) say("beat");
    };
    this.#leader.join();
    const pace = () => {
      if (this.process !== null) return leading;
      return document.visibilityState === "visible" ? looking : hidden;
    };
    document.addEventListener("visibilitychange", () => watch.hurry(), { signal });
    void watch.run(pace, signal);
  }

  /** Before the page is frozen, and for good: see Leader.leave. */
  leave(): void {
    this.#leader.leave();
    this.#present?.abort();
    this.#present = null;
  }

  #silent(): void {
    const { process } = this;
    if (process !== null) {
      // Before it has started it has a deadline of its own.
      if (process.alive) process.giveUp();
      return;
    }
    const takeOver = async (lock: Lock | null) => {
      if (lock === null || this.#present === null) return;
      this.#leader.takeOver();
      await systemClock.sleep(settleMs);
    };
    navigator.locks.request(`${this.#names.leaderLock}:silent`, { ifAvailable: true }, takeOver).catch(() => undefined);
  }
}
