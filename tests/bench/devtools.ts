import { connectWebSocket, type TextSocket } from "../support/browsers/websocket.ts";

type Params = Record<string, unknown>;
type Listener = (params: Params) => void;

/**
 * A connection of the Chrome DevTools Protocol. Not Playwright's: that attaches a debugger to every worker and service
 * worker, which is seen in their start and in their latency.
 */
export class DevTools {
  readonly #pending = new Map<number, { resolve: (result: Params) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #socket: TextSocket | null = null;
  #last = 0;

  static async connect(url: string): Promise<DevTools> {
    const tools = new DevTools();
    tools.#socket = await connectWebSocket(
      url,
      (text) => tools.#heard(text),
      () => tools.#closed(),
    );
    return tools;
  }

  /** Without a session, the command is for the browser. */
  send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket?.send(JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) }));
    });
  }

  /** Calls the listener for every such event of the session, until the returned function is called. */
  on(event: string, sessionId: string, listener: Listener): () => void {
    const key = `${sessionId}/${event}`;
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  close(): void {
    this.#socket?.close();
  }

  #heard(text: string): void {
    const { id, method, sessionId, params, result, error } = JSON.parse(text) as {
      id?: number;
      method?: string;
      sessionId?: string;
      params?: Params;
      result?: Params;
      error?: { message: string };
    };
    if (id === undefined) {
      for (const listener of this.#listeners.get(`${sessionId}/${method}`) ?? []) listener(params ?? {});
      return;
    }
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) pending?.reject(new Error(error.message));
    else pending?.resolve(result ?? {});
  }

  #closed(): void {
    for (const { reject } of this.#pending.values()) reject(new Error("The browser has gone."));
    this.#pending.clear();
  }
}
