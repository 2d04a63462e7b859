/** An address that the page's content security policy keeps from the service worker: the browser never asks. */
export interface BlockedAddress {
  readonly url: string;
  /** What to add to the page's policy, e.g. `connect-src https://opam.ocaml.org`. */
  readonly add: string;
}

/** The public addresses of repositories that this page's policy blocks: those that were met so far, and by the listeners the next ones. */
export class BlockedAddresses {
  readonly #origins: ReadonlySet<string>;
  readonly #found = new Map<string, BlockedAddress>();
  readonly #listeners = new Set<(blocked: BlockedAddress) => void>();

  /** `addresses` are the repositories' `origins`. */
  constructor(addresses: readonly string[], signal: AbortSignal) {
    this.#origins = new Set(addresses.map((address) => new URL(address).origin));
    document.addEventListener("securitypolicyviolation", (event) => this.#violated(event), { signal });
    // A policy tells nobody what it allows: it is tried out. The service worker answers this without looking anything up.
    for (const address of addresses)
      void fetch(`${address}repo`, { method: "OPTIONS", credentials: "omit", signal }).catch(() => undefined);
  }

  get all(): readonly BlockedAddress[] {
    return [...this.#found.values()];
  }

  /** Calls the listener for each that is known, and for each that is met; the returned function ends it. */
  subscribe(listener: (blocked: BlockedAddress) => void): () => void {
    for (const blocked of this.all) listener(blocked);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #violated({ blockedURI, effectiveDirective, disposition }: SecurityPolicyViolationEvent): void {
    // What is only reported is not blocked.
    if (disposition !== "enforce" || !URL.canParse(blockedURI)) return;
    const { origin } = new URL(blockedURI);
    // `default-src` is named where there is no directive of its own: adding to that would allow more than is needed.
    const add = `${effectiveDirective === "default-src" ? "connect-src" : effectiveDirective} ${origin}`;
    if (!this.#origins.has(origin) || this.#found.has(add)) return;
    const blocked = { url: blockedURI, add };
    this.#found.set(add, blocked);
    for (const listener of this.#listeners) listener(blocked);
  }
}
