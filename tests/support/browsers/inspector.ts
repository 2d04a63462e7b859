import { connectWebSocket, type TextSocket } from "./websocket.ts";

type Params = Readonly<Record<string, unknown>>;

interface Waiting {
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
}

/** Paths of all pages that WebKit's inspector server offers. The list exists only as a page for people. */
export async function inspectablePages(server: string): Promise<readonly string[]> {
  const html = await (await fetch(`http://${server}/`)).text();
  return html.match(/socket\/\d+\/\d+\/WebPage/g) ?? [];
}

/** Rejects what was asked of a document that is gone. */
export class PageLeft extends Error {
  override readonly name = "PageLeft";

  constructor() {
    super("The page was left while it was evaluating.");
  }
}

/** A session of WebKit's inspector protocol with one page, whichever process shows it at the moment. */
export class InspectorSession {
  /** Where the server's list names this page. */
  readonly path: string;
  #socket: TextSocket | null = null;
  #target = "";
  #calls = 0;
  readonly #waiting = new Map<number, Waiting>();
  #stops = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async connect(server: string, path: string): Promise<InspectorSession> {
    const session = new InspectorSession(path);
    let ready = (): void => {};
    let lost = (): void => {};
    const described = new Promise<void>((resolve, reject) => {
      ready = resolve;
      lost = () => reject(new Error("The inspector's connection was lost."));
    });
    described.catch(() => {});
    const closed = (): void => {
      lost();
      session.#fail(new Error("The page was closed."));
    };
    session.#socket = await connectWebSocket(`ws://${server}/${path}`, (text) => session.#receive(text, ready), closed);
    await described;
    return session;
  }

  send(method: string, params: Params = {}): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#calls;
      this.#waiting.set(id, { resolve, reject });
      // A page may move to another process; the outer protocol carries the messages of the page's current one.
      const message = JSON.stringify({ id, method, params });
      this.#socket?.send(
        JSON.stringify({ id, method: "Target.sendMessageToTarget", params: { targetId: this.#target, message } }),
      );
    });
  }

  /** How often the page has stopped loading a document or frame, successfully or not. */
  get stops(): number {
    return this.#stops;
  }

  close(): void {
    this.#socket?.close();
  }

  #receive(text: string, ready: () => void): void {
    const { method, params, error, id } = JSON.parse(text) as Message;
    if (error && id !== undefined) this.#answer({ id, error });
    if (method === "Target.targetCreated") {
      const { targetId, isProvisional } = params!.targetInfo as { targetId: string; isProvisional?: boolean };
      if (isProvisional) return;
      this.#target = targetId;
      ready();
    } else if (method === "Target.didCommitProvisionalTarget") {
      this.#target = String(params!.newTargetId);
      this.#fail(new PageLeft());
      // The page's new process knows nothing of what was enabled in the old one.
      this.send("Page.enable").catch(() => {});
    } else if (method === "Target.dispatchMessageFromTarget") {
      this.#answer(JSON.parse(String(params!.message)) as Message);
    }
  }

  #answer({ id, result, error, method, params }: Message): void {
    if (id === undefined) {
      // A call that waits for a promise of a document that is gone would never be answered.
      if (method === "Page.frameNavigated" && !(params!.frame as { parentId?: string }).parentId)
        this.#fail(new PageLeft());
      if (method === "Page.frameStoppedLoading") this.#stops++;
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    // A page that was swapped for another process may have the domain enabled already: that is what was asked for.
    if (error && !/already enabled/i.test(error.message))
      waiting?.reject(/injected script|collected/i.test(error.message) ? new PageLeft() : new Error(error.message));
    else waiting?.resolve(result ?? {});
  }

  #fail(error: Error): void {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(error);
    this.#waiting.clear();
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}
