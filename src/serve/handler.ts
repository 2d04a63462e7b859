import { within } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import { type AnswerSource, commonHeaders, prefersHtml, preflightHeaders } from "../core/http/headers.ts";
import type { Checksum } from "../core/opam/checksum.ts";
import type { UpdateOrder } from "../protocol/messages.ts";
import type { UpdatesAnswer } from "../protocol/updates.ts";
import type { RepositoryRecord } from "../store/records.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import { ArchiveIndexes, problemsAnswer } from "./archive-indexes.ts";
import { archivesAnswer } from "./archive-list.ts";
import { ArchiveFiles } from "./archive-route.ts";
import { ArchiveUrls } from "./archive-urls.ts";
import { answerBeforeSnapshot } from "./before-snapshot.ts";
import { type Deadlines, defaultDeadlines, type HandlerDeps } from "./ports.ts";
import { type Entity, respondEntity, respondJson, respondProblem } from "./respond.ts";
import type { Route } from "./route.ts";
import { type RequestKind, Site } from "./site.ts";
import { SnapshotFiles } from "./snapshot-files.ts";
import { SnapshotWatch } from "./snapshot-watch.ts";
import { StatusReport } from "./status.ts";
import { Tarballs } from "./tarball.ts";
import { UpdateWish } from "./wanted.ts";

/** Answers a request that `matches` claimed. Never rejects, never hangs: every path has a deadline. */
export interface Handler {
  (request: Request): Promise<Response>;
  /**
   * Synchronous and cheap: null means that the request is not ours and must be left alone. An `undecided` one (before
   * the configuration is loaded) must be given to the handler, which passes it through when it is not ours.
   */
  matches(url: URL, kind?: RequestKind): Route | null;
  /**
   * Reads from the store, for `matches`, what is configured and what opam files name. To be called at start, after each change of the
   * configuration, and when another snapshot or its archive index is there.
   */
  refresh(): Promise<void>;
}

/** Milliseconds that any answer but an archive may take beyond its own deadline. */
const graceMs = 500;

/** The request handler: no globals of any host, so that a service worker, a gateway, a page and a test run the same. */
export function createHandler(deps: HandlerDeps): Handler {
  const router = new Router(deps);
  const handler = async (request: Request): Promise<Response> => {
    const started = deps.clock.now();
    const response = await router.answer(request);
    deps.onAnswered?.(deps.clock.now() - started);
    return response;
  };
  return Object.assign(handler, {
    matches: (url: URL, kind?: RequestKind) => router.decide(url, kind),
    refresh: () => router.refresh(),
  });
}

class Router {
  readonly site: Site;
  readonly #deps: HandlerDeps;
  readonly #deadlines: Deadlines;
  readonly #files: SnapshotFiles;
  readonly #archives: ArchiveFiles;
  readonly #indexes: ArchiveIndexes;
  readonly #urls: ArchiveUrls | null;
  /** Repositories that were configured when that was looked at last: none is ever taken away. */
  #names: ReadonlySet<string> = new Set();
  /** What was decided last, for the handler, which is mostly called for the same request at once. */
  #decided: { readonly kind: RequestKind | undefined; readonly route: Route | null } | null = null;
  readonly #status: StatusReport;
  readonly #wish: UpdateWish;
  readonly #watch: SnapshotWatch;

  constructor(deps: HandlerDeps) {
    this.#deps = deps;
    this.#deadlines = { ...defaultDeadlines, ...deps.deadlines };
    this.#indexes = deps.indexes ?? new ArchiveIndexes(deps.store);
    this.#urls = deps.catalog === undefined ? null : new ArchiveUrls(this.#indexes, deps.openSnapshot);
    this.site = new Site(deps.base, deps.host === "gateway", this.#urls);
    this.#files = new SnapshotFiles(deps, new Tarballs(deps));
    this.#archives = new ArchiveFiles(deps);
    this.#status = new StatusReport(deps, this.#indexes);
    this.#wish = new UpdateWish(deps);
    this.#watch = new SnapshotWatch(deps, this.#wish);
  }

  async refresh(): Promise<void> {
    const repositories = await this.#deps.store.repositories();
    this.site.configure(repositories.map(({ config }) => config));
    this.#names = new Set(repositories.map(({ name }) => name));
    await this.#urls?.load(repositories);
  }

  async answer(request: Request): Promise<Response> {
    let allow = "GET, HEAD, OPTIONS";
    let source: AnswerSource = "store";
    try {
      const route = await this.#route(request);
      if (route === null) {
        if (this.#deps.passThrough) return await this.#deps.passThrough(request);
        throw new MirrorError("not-found", { path: new URL(request.url).pathname });
      }
      if (route.kind === "update") allow = "GET, HEAD, POST, OPTIONS";
      if (route.kind === "repo" || route.kind === "version" || route.kind === "package" || route.kind === "tarball") {
        source = "snapshot";
      }
      if (request.method === "OPTIONS") {
        return new Response(null, { status: 204, headers: { ...commonHeaders(source), ...preflightHeaders(allow) } });
      }
      if (!allow.split(", ").includes(request.method)) {
        throw new MirrorError("method-not-allowed", { method: request.method.slice(0, 40) });
      }
      const ms = this.#deadlineOf(route) + graceMs;
      return await within(this.#deps.clock, ms, this.#dispatch(request, route), () => {
        throw new MirrorError("deadline", { what: "The answer", ms });
      });
    } catch (thrown) {
      if (thrown instanceof MirrorError && thrown.code === "not-ready") source = "sync";
      return respondProblem(request, thrown, this.#deps.host, source, allow);
    }
  }

  decide(url: URL, kind?: RequestKind): Route | null {
    const route = this.site.route(url, kind);
    this.#decided = { kind, route };
    return route;
  }

  async #route(request: Request): Promise<Route | null> {
    const decided = this.#decided;
    this.#decided = null;
    if (decided?.kind === request && decided.route !== null && decided.route.kind !== "undecided") return decided.route;
    const url = new URL(request.url);
    const route = this.site.route(url, request);
    if (route?.kind !== "undecided" && (route !== null || this.site.loaded)) return route;
    await within(this.#deps.clock, this.#deadlines.metadata, this.refresh(), () => undefined).catch(() => {});
    const now = this.site.route(url, request);
    return now?.kind === "undecided" ? null : now;
  }

  #deadlineOf(route: Route): number {
    if (["archive", "address", "source"].includes(route.kind)) return this.#deadlines.archive;
    // The snapshot is opened within a metadata deadline before the tarball's begins.
    if (route.kind === "tarball") return this.#deadlines.tarball + this.#deadlines.metadata;
    return 2 * this.#deadlines.metadata;
  }

  async #dispatch(request: Request, route: Route): Promise<Response> {
    switch (route.kind) {
      case "refused":
        throw route.error;
      case "undecided":
      case "unknown":
        if (route.kind === "unknown") await this.#configured(route.repository);
        throw new MirrorError("not-found", { path: route.kind === "unknown" ? `"${route.path}"` : "such page" });
      case "repo":
      case "version":
        return this.#file(request, route.repository, route.kind, this.#deadlines.metadata);
      case "package":
        return this.#file(request, route.repository, route.path, this.#deadlines.metadata);
      case "tarball":
        return this.#file(request, route.repository, "index.tar.gz", this.#deadlines.tarball);
      case "archive": {
        if (!this.#names.has(route.repository)) await this.#configured(route.repository);
        return this.#archive(request, route.repository, route);
      }
      case "address":
        return this.#address(request, route.repository);
      case "source":
        return this.#source(request, route.url);
      case "status":
        return this.#answerStatus(request, route.repository);
      case "updates":
        return this.#answerUpdates(request, route.repository);
      case "problems":
        return this.#answerProblems(request, route.repository);
      case "archives":
        await this.#configured(route.repository);
        return respondJson(request, await archivesAnswer(this.#deps.store), 200, {});
      case "update":
        return this.#answerUpdate(request, route.repository);
    }
  }

  async #file(request: Request, repository: string, path: string, deadlineMs: number): Promise<Response> {
    try {
      const fromSnapshot = (snapshot: Snapshot) => this.#files.entity(snapshot, path, deadlineMs);
      const snapshot = await this.#open(repository);
      if (snapshot !== null) return await this.#answerFrom(request, snapshot, fromSnapshot);
      const record = await this.#configured(repository);
      const wanted = { repository, path, config: record?.config ?? { remote: "" } };
      const entity = await answerBeforeSnapshot(this.#deps, this.#wish, this.#watch, wanted, deadlineMs, fromSnapshot);
      return await this.#respond(request, entity);
    } catch (thrown) {
      if (thrown instanceof MirrorError && thrown.code === "store-lost") this.#wish.express(repository);
      throw thrown;
    }
  }

  async #archive(request: Request, repository: string, checksum: Checksum): Promise<Response> {
    return this.#respond(request, await this.#archives.entity(request, repository, checksum, this.#deadlines.archive));
  }

  /** For pages that may not ask the address itself. Not on a gateway, where clients name no addresses. */
  async #address(request: Request, repository: string): Promise<Response> {
    await this.#configured(repository);
    const url = new URL(request.url).searchParams.get("url") ?? "";
    const named = await this.#deps.catalog?.archiveAt(url);
    if (named) return this.#archive(request, named.repository, named.checksum);
    throw new MirrorError("not-found", { path: "archive that an opam file names by that address" });
  }

  /** The index only finds opam files: what none of them names after all is not ours. */
  async #source(request: Request, url: string): Promise<Response> {
    const named = await this.#deps.catalog?.archiveAt(url);
    if (named) return this.#archive(request, named.repository, named.checksum);
    if (this.#deps.passThrough) return this.#deps.passThrough(request);
    throw new MirrorError("not-found", { path: `archive at ${url}` });
  }

  /** A snapshot that was replaced meanwhile may have been collected under its reader: then the answer is made of the new one, wholly. */
  async #answerFrom(
    request: Request,
    snapshot: Snapshot,
    entityOf: (snapshot: Snapshot) => Promise<Entity>,
  ): Promise<Response> {
    try {
      return await this.#respond(request, await entityOf(snapshot));
    } catch (thrown) {
      if (!(thrown instanceof MirrorError) || thrown.code !== "store-lost") throw thrown;
      const now = await this.#open(snapshot.record.repository).catch(() => null);
      if (now === null || now.record.id === snapshot.record.id) throw thrown;
      return this.#respond(request, await entityOf(now));
    }
  }

  #open(repository: string): Promise<Snapshot | null> {
    const ms = this.#deadlines.metadata;
    return within(this.#deps.clock, ms, this.#deps.openSnapshot(repository), () => {
      throw new MirrorError("deadline", { what: "Opening the stored repository", ms });
    });
  }

  /**
   * Throws `unknown-repository`, but not while nothing at all is configured: an emptied database looks like that, and
   * opam must not be told that its repository does not exist.
   */
  async #configured(repository: string): Promise<RepositoryRecord | null> {
    const record = await this.#deps.store.repository(repository);
    if (record !== undefined) return record;
    const all = await this.#deps.store.repositories();
    if (all.length === 0) return null;
    // It may have been configured between the two questions, and opam believes a 404.
    const now = all.find(({ name }) => name === repository);
    if (now !== undefined) return now;
    throw new MirrorError("unknown-repository", { name: repository });
  }

  #respond(request: Request, entity: Entity): Promise<Response> {
    const { clock, pipesSmallBodies } = this.#deps;
    return respondEntity(request, entity, clock.wall() / 1000, pipesSmallBodies);
  }

  async #answerStatus(request: Request, repository: string): Promise<Response> {
    if (prefersHtml(request.headers.get("accept"))) {
      // The gateway does not know under which name it is reached.
      const { host, base } = this.#deps;
      const dashboard = host === "gateway" ? new URL(base).pathname : base;
      const headers = { ...commonHeaders("store"), Location: dashboard, Vary: "Accept", "Content-Length": "0" };
      return new Response(null, { status: 303, headers });
    }
    const status = await this.#status.make(this.#deadlines.status);
    if (status.repositories.length > 0 && !status.repositories.some(({ name }) => name === repository)) {
      throw new MirrorError("unknown-repository", { name: repository });
    }
    return respondJson(request, status, 200, { Vary: "Accept" });
  }

  async #answerUpdates(request: Request, repository: string): Promise<Response> {
    const snapshot = await this.#open(repository);
    if (snapshot === null) await this.#configured(repository);
    const { commit = null, updates = [] } = snapshot?.record ?? {};
    return respondJson(request, { repository, commit, updates } satisfies UpdatesAnswer, 200, {});
  }

  async #answerProblems(request: Request, repository: string): Promise<Response> {
    const snapshot = await this.#open(repository);
    if (snapshot === null) await this.#configured(repository);
    const { commit = null, tree = null } = snapshot?.record ?? {};
    const index = tree === null ? null : await this.#indexes.of(tree);
    return respondJson(request, problemsAnswer(repository, commit, index), 200, {});
  }

  async #answerUpdate(request: Request, repository: string): Promise<Response> {
    await this.#configured(repository);
    // HEAD is safe by definition (RFC 9110 §9.2.1) and starts nothing; GET does because opam-mirror's does.
    if (request.method !== "HEAD") {
      const started = this.#deps.startUpdate(repository, updateOrder(request));
      await within(this.#deps.clock, 1_000, started, () => undefined);
    }
    return respondJson(request, { accepted: true, repository }, 202, {});
  }
}

/** `POST update?older=accept`. Not by GET: what gives something up must not be done by following a link. */
function updateOrder(request: Request): UpdateOrder {
  const older = new URL(request.url).searchParams.get("older");
  return request.method === "POST" && older === "accept" ? { acceptOlder: true } : {};
}
