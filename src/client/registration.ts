import { Workbox } from "workbox-window";
import { withDeadline } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import { type PageToServiceWorker, protocolVersion } from "../protocol/messages.ts";
import { askUntil } from "./ask-until.ts";

const activeMs = 20_000;
const claimMs = 3_000;

/** The service worker of this page: registered, controlling, and updated only when somebody agrees. */
export class Registration {
  readonly #script: string;
  readonly #scope: string;
  #registration: ServiceWorkerRegistration;
  readonly #updateListeners: Set<() => void> = new Set();
  #waiting = false;

  private constructor(script: string, scope: string, registered: Registered) {
    this.#script = script;
    this.#scope = scope;
    this.#registration = this.#watched(registered);
  }

  /** Registers the script for the scope and resolves when requests of this page are answered by it. Throws `unsupported` and `deadline`. */
  static async open(script: string, scope: string): Promise<Registration> {
    const opened = new Registration(script, scope, await register(script, scope));
    await opened.#control();
    return opened;
  }

  /** The same again, after the browser has forgotten the service worker. */
  async restore(): Promise<void> {
    this.#registration = this.#watched(await register(this.#script, this.#scope));
    await this.#control();
  }

  post(message: PageToServiceWorker, transfer: Transferable[] = []): void {
    (navigator.serviceWorker.controller ?? this.#registration.active)?.postMessage(message, transfer);
  }

  /** Periodic Background Sync (WICG), which browsers allow to installed apps: syncs when no page is open. */
  wakePeriodically(minInterval: number): void {
    const { periodicSync } = this.#registration as {
      periodicSync?: { register(tag: string, options: { minInterval: number }): Promise<void> };
    };
    periodicSync?.register("opam-web-mirror", { minInterval }).catch(() => undefined);
  }

  onUpdateWaiting(listener: () => void): () => void {
    this.#updateListeners.add(listener);
    if (this.#waiting) listener();
    return () => this.#updateListeners.delete(listener);
  }

  /** Lets the waiting version take over. The page should be reloaded when this resolves. */
  async takeOver(): Promise<void> {
    const changed = new Promise<void>((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true }),
    );
    this.#registration.waiting?.postMessage({
      type: "take-over",
      protocol: protocolVersion,
    } satisfies PageToServiceWorker);
    await withDeadline(
      systemClock,
      changed,
      claimMs,
      () => new MirrorError("deadline", { what: "The new version", ms: claimMs }),
    );
  }

  /** A first visit and a hard reload leave the page uncontrolled: the active worker is asked to claim it. */
  async #control(): Promise<void> {
    const late = (what: string, ms: number) => () => new MirrorError("deadline", { what, ms });
    await withDeadline(systemClock, this.#active(), activeMs, late("The start of the service worker", activeMs));
    if (navigator.serviceWorker.controller !== null) return;
    const controlled = new Promise<void>((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true }),
    );
    const inTime = withDeadline(systemClock, controlled, claimMs, late("Control by the service worker", claimMs));
    await askUntil(systemClock, inTime, () => this.post({ type: "claim", protocol: protocolVersion }));
  }

  async #active(): Promise<void> {
    const registration = this.#registration;
    if (registration.active !== null) return;
    const worker = registration.installing ?? registration.waiting;
    if (worker === null) return;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (worker.state === "activated") resolve();
        if (worker.state === "redundant")
          reject(
            new MirrorError("unsupported", {
              feature: "the app's files",
              advice: "Its installation failed: check the connection and reload.",
            }),
          );
      };
      worker.addEventListener("statechange", look);
      look();
    });
  }

  #watched({ workbox, registration }: Registered): ServiceWorkerRegistration {
    // A worker that was waiting already, one that this page installed and one that another tab installed are all the same to a person.
    workbox.addEventListener("waiting", () => this.#announce());
    if (registration.waiting !== null && registration.active !== null) this.#announce();
    return registration;
  }

  #announce(): void {
    this.#waiting = true;
    for (const listener of this.#updateListeners) listener();
  }
}

interface Registered {
  readonly workbox: Workbox;
  readonly registration: ServiceWorkerRegistration;
}

async function register(script: string, scope: string): Promise<Registered> {
  const workbox = new Workbox(script, { scope });
  let registration: ServiceWorkerRegistration | undefined;
  try {
    registration = await workbox.register({ immediate: true });
  } catch (thrown) {
    registration = await navigator.serviceWorker.getRegistration(scope);
    // Offline, or the server is gone: the worker that is installed does its work.
    if (registration?.active == null) throw cannotRegister(script, thrown);
  }
  if (registration === undefined) throw cannotRegister(script, null);
  return { workbox, registration };
}

function cannotRegister(script: string, cause: unknown): MirrorError {
  const advice = `The service worker ${script} could not be installed: check that the file is there (opam-web-mirror init copies it), then reload.`;
  return new MirrorError("unsupported", { feature: "the service worker", advice }, cause);
}
